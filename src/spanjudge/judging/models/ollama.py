"""Ollama's own API (`/api/chat`): its OpenAI path cannot set the context, and cuts long prompts silently."""

from typing import Any, cast

from spanjudge.judging.models.chat_reply import ChatReply, tokens_of
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.models.model_rules import Mode, ModelRules
from spanjudge.judging.models.question import AnswerShape, messages_of
from spanjudge.judging.usage import Usage

Json = dict[str, Any]

_CONTEXTS = (8_192, 16_384, 32_768, 65_536, 131_072)
_CHARS_PER_TOKEN = 3  # on the safe side for prose; a prompt that does not fit is cut without a word


class ContextSize:
    """The context a model is loaded with: it grows in large steps and never shrinks (a change reloads)."""

    def __init__(self, fixed: int | None) -> None:
        """`fixed` is the user's own number."""
        self._fixed = fixed
        self._tokens = _CONTEXTS[0]

    def of(self, chars: int, output: int) -> int:
        """Tokens of context for a prompt of so many characters and an answer of so many tokens."""
        if self._fixed is not None:
            return self._fixed
        needed = chars // _CHARS_PER_TOKEN + output + 256
        fitting = next((size for size in _CONTEXTS if size >= needed), _CONTEXTS[-1])
        self._tokens = max(self._tokens, fitting)
        return self._tokens


def ollama_body(
    request: JudgeRequest,
    shape: AnswerShape,
    *,
    mode: Mode,
    model: str,
    rules: ModelRules,
    cap: int,
    context: ContextSize,
    without: frozenset[str],
) -> Json:
    """The request's body."""
    messages = messages_of(request, shape, mode, told=rules.schema_in_prompt, system="system" not in without)
    chars = sum(len(message["content"]) for message in messages)
    options: Json = {"num_predict": cap, "num_ctx": context.of(chars, cap)}
    if "temperature" not in without:
        options["temperature"] = 0
    body: Json = {
        "model": model,
        "messages": messages,
        "stream": False,
        "options": options,
    }
    if "truncate" not in without:
        # Newer servers then say that a prompt is too long; older ones do not know the field.
        body["truncate"] = False
    if mode == "json_schema":
        body["format"] = shape.raw
    elif mode == "json_object":
        body["format"] = "json"
    if request.probability_of and "logprobs" not in without:
        body["logprobs"] = True
        body["top_logprobs"] = rules.alternatives
    body |= {name: value for name, value in rules.fields.items() if name not in without}
    return body


def read_ollama(body: Json, *, asked: str) -> ChatReply | None:
    """The answer; `None` when the body is none. `thinking` is left out."""
    given: object = body.get("message")
    if not isinstance(given, dict):
        return None
    message = cast("Json", given)
    end: object = body.get("done_reason")
    return ChatReply(
        text=str(message.get("content") or ""),
        end=end if isinstance(end, str) and end else None,
        model=str(body.get("model") or asked),
        usage=_usage(body),
        tokens=tokens_of(body.get("logprobs")),
    )


def _usage(body: Json) -> Usage | None:
    read, written = body.get("prompt_eval_count"), body.get("eval_count")
    if not isinstance(written, int):
        return None
    # What stood in its prefix cache is not counted as read.
    return Usage(input=read if isinstance(read, int) else 0, output=written)
