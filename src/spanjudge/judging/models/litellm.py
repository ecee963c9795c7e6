"""Every provider without a wire of our own: Vertex AI, Bedrock, Cohere and all else LiteLLM speaks."""

import asyncio
import os
from types import ModuleType
from typing import Any, Literal

import msgspec

from spanjudge.judging.models import litellm_loader
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.litellm_errors import as_judge_error, refused
from spanjudge.judging.models.model import (
    JudgeModelError,
    JudgeReply,
    JudgeRequest,
    SchemaRefusedError,
    Traits,
)
from spanjudge.judging.prices import UNLISTED, cost_of
from spanjudge.judging.usage import Usage

Json = dict[str, Any]
Mode = Literal["json_schema", "tool", "text"]

_THINKING_ROOM = 8_192
_COHERE = frozenset({"cohere", "cohere_chat"})
_VERTEX = frozenset({"vertex_ai", "vertex_ai_beta"})
_BEDROCK = frozenset({"bedrock", "bedrock_converse"})
_BEDROCK_KEYS = ("ABSK", "bedrock-api-key-")  # how Amazon's own API keys begin


class LiteLLMModel:
    """One judge model behind LiteLLM, which is imported at the first question.

    The answer's shape is asked for as a JSON schema where LiteLLM passes one on, else as a forced tool,
    else in words; a mode that is refused is not tried again, and neither is a parameter. Retries are
    not LiteLLM's business. Cloud credentials come from the variables LiteLLM documents.
    """

    def __init__(self, config: JudgeModelConfig) -> None:
        """Raises `MissingExtraError` when LiteLLM is not installed."""
        litellm_loader.require(config.provider)
        litellm_loader.use()
        self.provider = config.provider
        self.model = config.model
        self.traits = Traits()
        self._config = config
        self._name = _prefixed(config)
        self._connection = _connection(config)
        self._secret = str(self._connection.get("api_key") or "")
        self._litellm: ModuleType | None = None
        self._modes: list[Mode] = []
        self._enforced = False
        self._room = 0
        self._allowed: list[str] = []
        self._refused: set[str] = set()
        self._closed = False

    @property
    def mode(self) -> str | None:
        """How the answer's shape is asked for; not known before the first answer."""
        return self._modes[0] if self._modes else None

    async def answer(self, request: JudgeRequest) -> JudgeReply:
        """Ask in the best mode that is left."""
        litellm = self._litellm
        if litellm is None:
            litellm = await self._load()
        modes = list(self._modes)
        while True:
            mode = modes.pop(0)
            try:
                return await self._ask(litellm, request, mode)
            except SchemaRefusedError:
                if not modes:
                    raise
                self._modes = [kept for kept in self._modes if kept != mode]

    async def aclose(self) -> None:
        """Close LiteLLM's connections with the last of its users."""
        if not self._closed:
            self._closed = True
            await litellm_loader.release()

    async def _load(self) -> ModuleType:
        litellm = await asyncio.to_thread(litellm_loader.load)
        self._modes = self._known_modes(litellm)
        if litellm.supports_reasoning(model=self._name):
            self._room = _THINKING_ROOM
        if self.provider in _COHERE:
            self._allowed = ["response_format"]
        elif self.provider in {
            str(getattr(row, "value", row)) for row in litellm.openai_compatible_providers
        }:
            # Without this LiteLLM drops it for some of them, and the SDK below retries twice.
            self._allowed = ["max_retries"]
        self._litellm = litellm
        return litellm

    def _known_modes(self, litellm: ModuleType) -> list[Mode]:
        """What LiteLLM would pass on; anything else `drop_params` would lose without a word."""
        if self.provider in _COHERE:
            self._enforced = True
            return ["json_schema", "text"]
        known: list[str] = litellm.get_supported_openai_params(model=self._name) or []
        self._enforced = bool(litellm.supports_response_schema(model=self._name))
        modes: list[Mode] = []
        if "response_format" in known:
            modes.append("json_schema")
        if "tools" in known and "tool_choice" in known:
            modes.append("tool")
        return [*modes, "text"]

    async def _ask(self, litellm: ModuleType, request: JudgeRequest, mode: Mode) -> JudgeReply:
        while True:
            options = self._options(request)
            try:
                response: Any = await litellm.acompletion(
                    model=self._name,
                    messages=self._messages(request, mode),
                    timeout=min(request.seconds_left, self._config.timeout),
                    num_retries=0,
                    max_retries=0,
                    drop_params=True,
                    allowed_openai_params=self._allowed,
                    **{"no-log": True},
                    **self._connection,
                    **self._shape(request, mode),
                    **options,
                )
            except Exception as error:
                parameter = refused(error, options)
                if parameter is None:
                    raise as_judge_error(
                        error, provider=self.provider, model=self.model, secret=self._secret
                    ) from error
                self._refused.add(parameter)
            else:
                return self._reply(response, mode)

    def _options(self, request: JudgeRequest) -> Json:
        """What a model may refuse, without what this one has refused."""
        wanted = self._config.max_output_tokens or request.max_output_tokens
        options: Json = {"max_tokens": wanted + self._room, "temperature": 0}
        if self._config.reasoning_effort:
            options["reasoning_effort"] = self._config.reasoning_effort
        return {name: value for name, value in options.items() if name not in self._refused}

    def _messages(self, request: JudgeRequest, mode: Mode) -> list[Json]:
        user = request.user
        if mode == "text" or (mode == "json_schema" and not self._enforced):
            schema = msgspec.json.encode(request.schema).decode()
            user += f"\n\nAnswer with one JSON object and nothing else. It fits this JSON schema:\n{schema}"
        messages: list[Json] = [{"role": "user", "content": user}]
        if request.system:
            messages.insert(0, {"role": "system", "content": request.system})
        return messages

    def _shape(self, request: JudgeRequest, mode: Mode) -> Json:
        if mode == "text":
            return {}
        if mode == "tool":
            function = {"name": "verdict", "description": "Gives the verdict.", "parameters": request.schema}
            return {
                "tools": [{"type": "function", "function": function}],
                "tool_choice": {"type": "function", "function": {"name": "verdict"}},
            }
        if self.provider in _COHERE:
            return {"response_format": {"type": "json_object", "json_schema": request.schema}}
        schema = {"name": "verdict", "strict": True, "schema": request.schema}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}

    def _reply(self, response: Any, mode: Mode) -> JudgeReply:
        model = str(response.model or self.model)
        usage = _usage(getattr(response, "usage", None))
        cost = cost_of(
            self.provider,
            answered=model,
            asked=self.model,
            usage=usage,
            price_input=self._config.price_input,
            price_output=self._config.price_output,
        )
        if cost is None and usage is not None and self.provider not in UNLISTED:
            hidden: Json = getattr(response, "_hidden_params", None) or {}
            # LiteLLM's own list knows more models; what it does not know it calls 0.
            cost = hidden.get("response_cost") or None
        text = ""
        fault = JudgeModelError("judge_answer_invalid", f"{self.provider} answered without a choice")
        if response.choices:
            choice = response.choices[0]
            text = _answer_text(choice.message, mode)
            fault = _fault(choice, text, self.provider)
        if fault is not None:
            fault.usage, fault.cost_usd, fault.model = usage, cost, model
            raise fault
        return JudgeReply(
            text=text, model=model, usage=usage, cost_usd=cost, request_id=getattr(response, "id", None)
        )


def _prefixed(config: JudgeModelConfig) -> str:
    prefix = f"{config.provider}/"
    return config.model if config.model.startswith(prefix) else prefix + config.model


def _connection(config: JudgeModelConfig) -> Json:
    """Key and address, each the way the provider wants it."""
    key, url = config.api_key, (config.url or "").rstrip("/")
    if config.provider in _BEDROCK:
        # Any other “key” is a placeholder: Amazon signs with the credentials of its own variables.
        found: Json = {"api_key": key} if key.startswith(_BEDROCK_KEYS) else {}
        if url:
            found["aws_bedrock_runtime_endpoint"] = url
        if region := os.environ.get("AWS_REGION_NAME"):
            found["aws_region_name"] = region
        return found
    if config.provider in _VERTEX:
        return {"api_base": url} if url else {}
    found = {"api_key": key} if key else {}
    if config.api_version:
        found["api_version"] = config.api_version
    if url and config.provider in _COHERE:
        # LiteLLM takes Cohere's address whole.
        url = url if url.endswith("/chat") else f"{url.removesuffix('/v2').removesuffix('/v1')}/v2/chat"
    if url:
        found["api_base"] = url
    return found


def _answer_text(message: Any, mode: Mode) -> str:
    calls: Any = getattr(message, "tool_calls", None)
    if mode == "tool" and calls:
        return str(calls[0].function.arguments or "")
    return str(message.content or "")


def _fault(choice: Any, text: str, provider: str) -> JudgeModelError | None:
    """Why this is no complete answer. LiteLLM calls ends it does not know `stop`, so the JSON decides."""
    end: object = choice.finish_reason
    own: Json = getattr(choice.message, "provider_specific_fields", None) or {}
    refusal: object = getattr(choice.message, "refusal", None) or own.get("refusal")
    if refusal or end == "content_filter":
        return JudgeModelError("judge_refused", f"{provider}: the judge model refused to judge this content")
    if end == "length" or _is_cut(text):
        return JudgeModelError(
            "judge_answer_cut",
            f"{provider}: the answer was cut: raise max_output_tokens or shorten the content",
        )
    if end not in ("stop", "tool_calls", "function_call", "eos", None):
        return JudgeModelError(
            "judge_answer_invalid", f"{provider}: the answer ended with “{end}”, which is no good end"
        )
    if not text.strip():
        return JudgeModelError("judge_answer_invalid", f"{provider}: the answer holds no text")
    return None


def _is_cut(text: str) -> bool:
    start = text.find("{")
    if start < 0:
        return False
    try:
        msgspec.json.decode(text[start:].encode("utf-8", "replace"))
    except msgspec.DecodeError as error:
        return "truncated" in str(error)
    return False


def _usage(given: Any) -> Usage | None:
    """LiteLLM's counts are OpenAI's, cached tokens summed into the prompt's; all zero means not told."""
    read, written = _count(given, "prompt_tokens"), _count(given, "completion_tokens")
    if not read and not written:
        return None
    prompt = getattr(given, "prompt_tokens_details", None)
    completion = getattr(given, "completion_tokens_details", None)
    return Usage(
        input=read,
        output=written,
        cached=min(_count(prompt, "cached_tokens"), read),
        cache_write=min(
            _count(prompt, "cache_creation_tokens") or _count(prompt, "cache_write_tokens"), read
        ),
        reasoning=min(_count(completion, "reasoning_tokens"), written),
    )


def _count(holder: object, name: str) -> int:
    value: object = getattr(holder, name, None)
    return value if isinstance(value, int) and value > 0 else 0
