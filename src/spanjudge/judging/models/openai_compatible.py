"""Every judge model that speaks OpenAI's chat completions, and Ollama, over one HTTP session."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, cast

from spanjudge.judging.models.chat_reply import ChatReply, check, read_completion, spelling
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.error_body import ErrorReport, read_error, request_id_of
from spanjudge.judging.models.model import (
    JudgeModelError,
    JudgeReply,
    JudgeRequest,
    SchemaRefusedError,
)
from spanjudge.judging.models.model_rules import Mode, rules_of, traits_of
from spanjudge.judging.models.ollama import ContextSize, ollama_body, read_ollama
from spanjudge.judging.models.provider_errors import judge_error, meaning_of, refused_parameter
from spanjudge.judging.models.providers import address
from spanjudge.judging.models.question import AnswerShape, AnswerShapes, answer_in, messages_of
from spanjudge.judging.models.schema_subset import SchemaTooDeepError
from spanjudge.judging.models.wire import Wire, WireReply
from spanjudge.judging.prices import cost_of

Json = dict[str, Any]

_OK = 200
_CACHED_FROM_CHARS = 4_000
"""Below about a thousand tokens OpenAI caches no prefix, so where a call is routed does not matter."""

_NO_SYSTEM = re.compile(r"system (role|message|prompt)s?\b.{0,40}not (supported|allowed)", re.IGNORECASE)
_ANSWER_COUNTED = re.compile(r"in the completion|max(_completion)?_tokens", re.IGNORECASE)


class OpenAICompatibleModel:
    """One judge model of any provider in `providers.PROVIDERS`.

    The answer's shape is asked for in the first structured-output mode the model takes (JSON schema, tool,
    JSON object, tagged text). What a model refuses, a mode or a parameter, is remembered for it, so that
    a refusal is paid once. Trouble of any other kind changes nothing of how the next question is asked.
    """

    def __init__(self, config: JudgeModelConfig) -> None:
        """Raises `SettingsError` when the configuration cannot work; opens no connection."""
        self.provider = config.provider
        self.model = config.model.strip()
        self.traits = traits_of(config)
        self._config = config
        self._key = config.api_key.strip()
        self._address = address(config)
        self._rules = rules_of(config)
        self._wire = Wire()
        self._wire.prepare(self._address.url)
        self._shapes = AnswerShapes()
        self._modes: tuple[Mode, ...] = self._rules.modes
        self._proven: set[Mode] = set()
        self._modes_of: dict[AnswerShape, tuple[Mode, ...]] = {}
        self._without: frozenset[str] = frozenset()
        self._context = ContextSize(config.context_tokens)

    @property
    def mode(self) -> str:
        """How the answer's shape is asked for now."""
        return self._modes[0]

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the latest answer; looked up in any letter case."""
        return self._wire.headers

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Ask; see the class for what is learnt on the way."""
        try:
            shape = self._shapes.of(request)
        except SchemaTooDeepError as error:
            raise JudgeModelError("internal", str(error)) from error
        without = self._without
        while True:
            mode = self._modes_of.get(shape, self._modes)[0]
            try:
                return await self._ask(request, shape, mode, without)
            except SchemaRefusedError:
                if not self._move_on(shape, mode):
                    raise
            except _ParameterRefusedError as refused:
                without |= {refused.name}
                if refused.for_good:
                    self._without |= {refused.name}
            without |= self._without

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._wire.aclose()

    def _move_on(self, shape: AnswerShape, mode: Mode) -> bool:
        """Go to the next mode; a mode that has worked is given up for this schema only."""
        modes = self._modes_of.get(shape, self._modes)
        if modes[0] != mode:
            return True  # another question, asked at the same time, already did
        if len(modes) == 1:
            return False
        if mode in self._proven:
            self._modes_of[shape] = modes[1:]
        else:
            left: tuple[Mode, ...] = tuple(kept for kept in self._modes if kept != mode)
            self._modes = left or self._modes
            if shape in self._modes_of:
                self._modes_of[shape] = modes[1:]
        return True

    async def _ask(
        self, request: JudgeRequest, shape: AnswerShape, mode: Mode, without: frozenset[str]
    ) -> JudgeReply:
        body = self._body(request, shape, mode, without)
        reply = await self._wire.post_json(self._address.url, self._address.headers, body, request.deadline)
        read = self._read(reply)
        if read is None:
            raise self._error(reply, mode, body)
        self._proven.add(mode)
        answer = self._checked(read, mode, reply)
        if without - self._without:
            self._without |= without
        return answer

    def _body(self, request: JudgeRequest, shape: AnswerShape, mode: Mode, without: frozenset[str]) -> Json:
        rules = self._rules
        cap = (self._config.max_output_tokens or request.max_output_tokens) + rules.room
        if self.provider == "ollama":
            return ollama_body(
                request,
                shape,
                mode=mode,
                model=self.model,
                rules=rules,
                cap=cap,
                context=self._context,
                without=without,
            )
        system = rules.system and "system" not in without
        body: Json = {
            "messages": messages_of(request, shape, mode, told=rules.schema_in_prompt, system=system)
        }
        if self._address.model is not None:
            body["model"] = self._address.model
        match mode:
            case "json_schema":
                wanted: Json = {"name": shape.name, "schema": shape.raw}
                if rules.strict:
                    wanted["strict"] = True
                body["response_format"] = {"type": "json_schema", "json_schema": wanted}
            case "tool":
                function: Json = {
                    "name": shape.name,
                    "description": "Gives the verdict.",
                    "parameters": shape.raw,
                }
                body["tools"] = [{"type": "function", "function": function}]
                body["tool_choice"] = {"type": "function", "function": {"name": shape.name}}
            case "json_object":
                body["response_format"] = {"type": "json_object"}
            case "text":
                pass
        body |= self._optional(request, mode, cap, without)
        return body

    def _optional(self, request: JudgeRequest, mode: Mode, cap: int, without: frozenset[str]) -> Json:
        """Everything a question can do without."""
        rules = self._rules
        fields: Json = dict(rules.fields)
        for name in rules.caps:
            if name not in without:
                fields[name] = cap
                break
        if rules.temperature:
            fields["temperature"] = 0
        if request.probability_of and rules.probabilities and mode != "tool":
            # A tool's arguments come without probabilities.
            if rules.probabilities == "count":
                fields["logprobs"] = rules.alternatives
            elif not without & {"logprobs", "top_logprobs"}:
                fields |= {"logprobs": True, "top_logprobs": rules.alternatives}
        if self.provider == "openai" and len(request.subject) >= _CACHED_FROM_CHARS:
            fields["prompt_cache_key"] = hashlib.blake2b(
                request.subject.encode("utf-8", "replace"), digest_size=8
            ).hexdigest()
        return {name: value for name, value in fields.items() if name not in without}

    def _read(self, reply: WireReply) -> ChatReply | None:
        """The answer, or `None` when there is an error in its place (with whatever status)."""
        given: object = reply.body
        if reply.status != _OK or not isinstance(given, dict):
            return None
        body = cast("Json", given)
        if self.provider == "ollama":
            return read_ollama(body, asked=self.model)
        choices: object = body.get("choices")
        if isinstance(choices, list) and choices:
            first: object = cast("list[object]", choices)[0]
            if isinstance(first, dict) and cast("Json", first).get("error"):
                return None
        elif body.get("error"):
            return None
        return read_completion(body, asked=self.model, provider=self.provider)

    def _checked(self, read: ChatReply, mode: Mode, reply: WireReply) -> JudgeReply:
        read.text = answer_in(read.text, mode)
        cost = read.cost_usd
        if cost is None:
            cost = cost_of(
                self.provider,
                answered=read.model,
                asked=self.model,
                usage=read.usage,
                price_input=self._config.price_input,
                price_output=self._config.price_output,
            )
        try:
            check(read)
        except JudgeModelError as error:
            error.usage, error.cost_usd, error.model, error.status = (
                read.usage,
                cost,
                read.model,
                reply.status,
            )
            raise
        return JudgeReply(
            text=read.text,
            model=read.model,
            usage=read.usage,
            cost_usd=cost,
            tokens=spelling(read.tokens, read.text),
            request_id=request_id_of(reply.headers),
        )

    def _error(self, reply: WireReply, mode: Mode, body: Json) -> Exception:
        """What to raise for an answer that is none; `_ParameterRefusedError` when less may be taken."""
        given = _error_in(reply.body) if reply.status == _OK else reply.body
        if given is None:
            return JudgeModelError(
                "judge_answer_invalid",
                f"{self.provider} answered with something that is no chat completion "
                f"({_kind(reply)}): check O2_JUDGE_URL",
                status=reply.status,
                model=self.model,
            )
        report = read_error(reply.status, reply.headers, given)
        meaning = meaning_of(report, self.provider)
        if meaning in ("request", "schema", "too_long"):
            refused = self._refused(report, body, too_long=meaning == "too_long")
            if refused is not None:
                return refused
        if meaning == "schema" and mode == "text":
            # Nothing of a schema was sent: it cannot be what is refused.
            meaning = "request"
        return judge_error(
            report, provider=self.provider, model=self.model, secret=self._key, meaning=meaning
        )

    def _refused(self, report: ErrorReport, body: Json, *, too_long: bool) -> "_ParameterRefusedError | None":
        """The optional parameter an error objects to. The user's own wishes are never taken back."""
        sent: Json = {**(body.get("options") or {}), **body}
        droppable = [
            name
            for name in (*_OPTIONAL, *self._rules.fields)
            if name in sent and name not in self._rules.fixed
        ]
        if too_long:
            # The room kept for the answer may be what does not fit; the prompt is asked alone, this once.
            caps = [name for name in self._rules.caps if name in body]
            if caps and _ANSWER_COUNTED.search(report.text):
                return _ParameterRefusedError(caps[0], for_good=False)
            return None
        if _NO_SYSTEM.search(report.text) and body["messages"][0]["role"] == "system":
            return _ParameterRefusedError("system", for_good=True)
        name = refused_parameter(report, droppable)
        if name is None and "no endpoints found" in report.text.lower() and "temperature" in body:
            # OpenRouter does not say which parameter nobody takes; the schema is the last to go.
            name = "temperature"
        if name == "top_logprobs":
            name = "logprobs"
        return None if name is None else _ParameterRefusedError(name, for_good=True)


_OPTIONAL = (
    "temperature",
    "logprobs",
    "top_logprobs",
    "max_completion_tokens",
    "max_tokens",
    "prompt_cache_key",
    "truncate",
)


class _ParameterRefusedError(Exception):
    """Ask again without it. `for_good`: the model never takes it."""

    def __init__(self, name: str, *, for_good: bool) -> None:
        super().__init__(name)
        self.name = name
        self.for_good = for_good


def _error_in(body: object) -> object:
    """The error that came with status 200, where providers put one; `None` when there is none."""
    if isinstance(body, list):
        return (
            cast("list[object]", body)
            if any(_error_in(part) for part in cast("list[object]", body))
            else None
        )
    if not isinstance(body, dict):
        return None
    given = cast("Json", body)
    choices: object = given.get("choices")
    first: object = cast("list[object]", choices)[0] if isinstance(choices, list) and choices else None
    if isinstance(first, dict) and cast("Json", first).get("error"):
        # OpenRouter, when the upstream fails in the middle of an answer.
        return {"error": cast("Json", first)["error"]}
    told = any(given.get(name) for name in ("error", "detail")) or given.get("object") == "error"
    return given if told else None


def _kind(reply: WireReply) -> str:
    if not reply.is_json:
        return (
            reply.headers.get("Content-Type", "no JSON").partition(";")[0] if reply.body else "nothing at all"
        )
    return f"JSON of type {type(reply.body).__name__}"
