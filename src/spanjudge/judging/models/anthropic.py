"""Claude on Anthropic's Messages API, spoken directly."""

from collections.abc import Mapping
from typing import Any, Literal, cast

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.judging.models.claude import Claude, claude
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.error_body import ErrorReport, read_error
from spanjudge.judging.models.model import (
    JudgeModelError,
    JudgeReply,
    JudgeRequest,
    SchemaRefusedError,
    Traits,
)
from spanjudge.judging.models.provider_errors import judge_error, refused_parameter
from spanjudge.judging.models.shared_prefix import SharedPrefixes
from spanjudge.judging.models.wire import Wire, WireReply
from spanjudge.judging.prices import cost_of
from spanjudge.judging.usage import Usage

Json = dict[str, Any]
Mode = Literal["json_schema", "tool", "text"]

BASE = "https://api.anthropic.com"
VERSION = "2023-06-01"
"""The API version asked for unless set: later ones refuse `temperature` for every model."""

_NO_SAMPLING_SINCE = "2026-10-21"
_CHARS_PER_TOKEN = 3  # on the safe side: a prefix below the vendor's minimum is just not cached
_THINKING_ROOM = 8_192
_BUDGETS = {"low": 1_024, "medium": 4_096, "high": 16_384}
_OFF = frozenset({"none", "off", "disabled"})
_OK = 200
_BAD_REQUEST = 400

_GOOD = frozenset({"end_turn", "tool_use", "stop_sequence"})
_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})


class AnthropicModel:
    """One Claude model as a judge.

    The answer's shape is asked for as a JSON schema where the model has that, else as a forced tool, else
    in words; a mode the model refuses is not tried again. Thinking is off where it can be, unless
    `reasoning_effort` is set. The subject is marked for Anthropic's prompt cache when the same prefix
    (system, schema, subject) comes back within five minutes and is long enough to be cached. A thinking,
    effort or temperature that the model refuses all the same is left out from then on.
    """

    provider = "anthropic"

    def __init__(self, config: JudgeModelConfig) -> None:
        """Raises `SettingsError` when `reasoning_effort` is none this model knows."""
        self.model = config.model
        self.traits = Traits()
        self._config = config
        self._rules = claude(config.model)
        self._effort = _effort(config, self._rules)
        base = (config.url or BASE).rstrip("/").removesuffix("/messages").removesuffix("/v1")
        self._url = f"{base}/v1/messages"
        version = config.api_version or VERSION
        self._headers = {"x-api-key": config.api_key, "anthropic-version": version}
        self._sampling = self._rules.sampling and version < _NO_SAMPLING_SINCE
        self._modes: list[Mode] = ["text"]
        if self._rules.forced_tool:
            self._modes.insert(0, "tool")
        if self._rules.schema:
            self._modes.insert(0, "json_schema")
        self._refused: set[str] = set()
        self._prefixes = SharedPrefixes()
        self._wire = Wire()

    @property
    def mode(self) -> str:
        """How the answer's shape is asked for, as far as is known."""
        return self._modes[0]

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the latest answer; looked up in any letter case."""
        return self._wire.headers

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Ask in the best mode that is left."""
        modes = list(self._modes)
        while True:
            mode = modes.pop(0)
            try:
                return await self._ask(request, mode)
            except _OptionRefusedError as error:
                self._refused.add(error.option)
                modes.insert(0, mode)
            except SchemaRefusedError as error:
                if not modes:
                    raise
                # A schema that is too large says nothing about the next one.
                if "too complex" not in error.message and "too large" not in error.message:
                    self._modes = [kept for kept in self._modes if kept != mode]

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._wire.aclose()

    async def _ask(self, request: JudgeRequest, mode: Mode) -> JudgeReply:
        key = self._prefix_key(request, mode)
        marked = key is not None and self._prefixes.mark(key)
        usage: Usage | None = None
        try:
            sent = self._body(request, mode, marked=marked)
            reply = await self._wire.post_json(self._url, self._headers, sent, request.deadline)
            body = self._checked(reply, sent)
            usage = _usage(body)
            return self._reply(body, usage, mode, reply.headers.get("request-id"))
        finally:
            if marked and key is not None:
                written = usage is not None and usage.cached + usage.cache_write > 0
                self._prefixes.finished(key, written=written)

    def _prefix_key(self, request: JudgeRequest, mode: Mode) -> int | None:
        """The hash of what stands before the question, or `None` when it is too short to be cached."""
        if len(request.system) + len(request.subject) < self._rules.cached_from * _CHARS_PER_TOKEN:
            return None
        schema = msgspec.json.encode(request.schema) if mode != "text" else b""
        return hash((request.system, request.subject, schema))

    def _body(self, request: JudgeRequest, mode: Mode, *, marked: bool) -> Json:
        content: list[Json] = []
        if request.subject:
            content.append({"type": "text", "text": request.subject})
        question = request.question
        body: Json = {"model": self.model, "messages": [{"role": "user", "content": content}]}
        if request.system:
            body["system"] = [{"type": "text", "text": request.system}]
        if marked:
            last: Json = content[0] if content else body["system"][0]
            last["cache_control"] = {"type": "ephemeral"}
        output: Json = {}
        if mode == "json_schema":
            output["format"] = {"type": "json_schema", "schema": request.schema}
        elif mode == "tool":
            name = _tool_name(request.schema_name)
            body["tools"] = [
                {"name": name, "description": "Gives the verdict.", "input_schema": request.schema}
            ]
            body["tool_choice"] = {"type": "tool", "name": name, "disable_parallel_tool_use": True}
        else:
            schema = msgspec.json.encode(request.schema).decode()
            question += (
                f"\n\nAnswer with one JSON object and nothing else. It fits this JSON schema:\n{schema}"
            )
        content.append({"type": "text", "text": question})
        room = self._think(body, output, mode)
        if output:
            body["output_config"] = output
        wanted = self._config.max_output_tokens or request.max_output_tokens
        body["max_tokens"] = min(wanted + room, self._rules.max_tokens)
        return body

    def _think(self, body: Json, output: Json, mode: Mode) -> int:
        """Write thinking, effort and temperature; the tokens thinking may take beside the answer."""
        rules = self._rules
        effort = self._effort
        if mode == "tool" and not rules.tool_while_thinking:
            effort = None
        thinks = effort is not None or rules.thinking_off is None
        if "thinking" in self._refused:
            return _THINKING_ROOM  # left to the model, which may think
        if not thinks:
            if rules.thinking_off:
                body["thinking"] = {"type": rules.thinking_off}
            if self._sampling and "temperature" not in self._refused:
                body["temperature"] = 0
            return 0
        effort = effort or "low"  # it thinks whatever is sent: then briefly
        if rules.budget:
            budget = _BUDGETS[effort]
            body["thinking"] = {"type": rules.thinking_on, "budget_tokens": budget}
            return budget
        if rules.thinking_off is not None:
            body["thinking"] = {"type": rules.thinking_on}
        if "effort" not in self._refused:
            output["effort"] = effort
        return _THINKING_ROOM

    def _checked(self, reply: WireReply, sent: Json) -> Json:
        raw: object = reply.body
        body = cast("Json", raw) if isinstance(raw, dict) else None
        if reply.status != _OK or (body is not None and "error" in body):
            report = read_error(reply.status, reply.headers, cast("object", raw))
            option = _refused_option(report, sent)
            if option is not None:
                raise _OptionRefusedError(option)
            raise judge_error(
                report,
                provider=self.provider,
                model=self.model,
                secret=self._config.api_key,
            )
        if body is None or not isinstance(body.get("content"), list):  # a proxy's page, or another API
            raise JudgeModelError(
                "judge_answer_invalid",
                "the answer is none of Anthropic's Messages API: check O2_JUDGE_URL",
                status=reply.status,
                model=self.model,
            )
        return body

    def _reply(self, body: Json, usage: Usage | None, mode: Mode, request_id: str | None) -> JudgeReply:
        model = str(body.get("model") or self.model)
        cost = cost_of(
            self.provider,
            answered=model,
            asked=self.model,
            usage=usage,
            price_input=self._config.price_input,
            price_output=self._config.price_output,
        )
        text = _answer_text(body, mode)
        fault = _fault(body, text)
        if fault is not None:
            fault.usage, fault.cost_usd, fault.model = usage, cost, model
            raise fault
        return JudgeReply(text=text, model=model, usage=usage, cost_usd=cost, request_id=request_id)


class _OptionRefusedError(Exception):
    """Ask again without it."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option


def _refused_option(report: ErrorReport, sent: Json) -> str | None:
    """What a 400 objects to that the question can do without: a model newer than the table of `claude`."""
    if (
        report.status == _BAD_REQUEST
        and "effort" in sent.get("output_config", {})
        and "effort" in report.text
    ):
        return "effort"
    return refused_parameter(report, [name for name in ("temperature", "thinking") if name in sent])


def _effort(config: JudgeModelConfig, rules: Claude) -> str | None:
    """The effort to ask for; `None` is: do not think."""
    wanted = (config.reasoning_effort or "none").lower()
    if wanted in _OFF:
        return None
    wanted = "low" if wanted == "minimal" else wanted
    if wanted not in rules.efforts:
        known = ", ".join(("none", *rules.efforts))
        raise SettingsError(
            f"reasoning_effort={config.reasoning_effort!r}: {config.model} takes one of {known}; "
            "for example reasoning_effort=none, or leave it unset"
        )
    return wanted


def _tool_name(schema_name: str) -> str:
    kept = "".join(
        char if char.isascii() and (char.isalnum() or char in "_-") else "_" for char in schema_name
    )
    return kept[:64] or "verdict"


def _answer_text(body: Json, mode: Mode) -> str:
    """The text blocks, or the tool's input as JSON; what was thought is never part of it."""
    blocks = [cast("Json", block) for block in body["content"] if isinstance(block, dict)]
    if mode == "tool":
        for block in blocks:
            if block.get("type") == "tool_use":
                return msgspec.json.encode(block.get("input")).decode()
    return "".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")


def _fault(body: Json, text: str) -> JudgeModelError | None:
    """Why this is no complete answer, by its stop reason."""
    stop: object = body.get("stop_reason")
    if stop == "refusal":
        details: object = body.get("stop_details")
        category: object = cast("Json", details).get("category") if isinstance(details, dict) else None
        why = f" ({category})" if category else ""
        return JudgeModelError("judge_refused", f"Claude refused to judge this content{why}")
    if stop in _CUT:
        return JudgeModelError(
            "judge_answer_cut", f"the answer was cut ({stop}): raise max_output_tokens or shorten the content"
        )
    if stop not in _GOOD:
        return JudgeModelError(
            "judge_answer_invalid", f"the answer ended with “{stop}”, which is no good end"
        )
    if not text.strip():
        return JudgeModelError("judge_answer_invalid", "the answer holds no text")
    return None


def _usage(body: Json) -> Usage | None:
    given: object = body.get("usage")
    if not isinstance(given, dict):
        return None
    counts = cast("Json", given)
    cached, written = _count(counts, "cache_read_input_tokens"), _count(counts, "cache_creation_input_tokens")
    details: object = counts.get("output_tokens_details")
    return Usage(
        input=_count(counts, "input_tokens") + cached + written,
        output=_count(counts, "output_tokens"),
        cached=cached,
        cache_write=written,
        reasoning=_count(cast("Json", details), "thinking_tokens") if isinstance(details, dict) else 0,
    )


def _count(counts: Json, name: str) -> int:
    value: object = counts.get(name)
    return value if isinstance(value, int) and value > 0 else 0
