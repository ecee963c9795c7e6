"""What came back, made the same for every provider: text, end, tokens read and written, probabilities."""

import math
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from spanjudge.judging.models.model import JudgeModelError, TokenAlternatives
from spanjudge.judging.usage import Usage

Json = dict[str, Any]

_GOOD_ENDS = frozenset(
    {
        "stop",
        "tool_calls",
        "function_call",
        "end_turn",
        "tool_use",
        "eos",
        "STOP",
        "COMPLETE",
        "TOOL_CALL",
    }
)
_CUT_ENDS = frozenset({"length", "max_tokens", "MAX_TOKENS", "model_length", "model_context_window_exceeded"})
# In lower case; Gemini shouts.
_REFUSED_ENDS = frozenset(
    {
        "content_filter",
        "content_filtered",
        "refusal",
        "guardrail_intervened",
        "safety",
        "recitation",
        "blocklist",
        "prohibited_content",
        "spii",
        "language",
    }
)
_FAILED_ENDS = frozenset({"error", "insufficient_system_resource"})


class ChatReply(msgspec.Struct, kw_only=True):
    """One answer, read but not yet judged: `check` does that."""

    text: str
    end: str | None
    model: str
    usage: Usage | None
    cost_usd: float | None = None
    tokens: tuple[TokenAlternatives, ...] = ()
    refusal: str | None = None


def check(reply: ChatReply) -> None:
    """Raise `JudgeModelError` unless the answer is a complete one.

    Only the ends that are known to be good are good. A server that tells none is believed when its JSON
    is whole.
    """
    end = reply.end
    filtered = (end or "").lower() in _REFUSED_ENDS
    if reply.refusal or filtered:
        how = end if filtered else "refusal"
        raise JudgeModelError("judge_refused", f"“{reply.model}” refused to judge this content ({how})")
    if end in _CUT_ENDS or (end is None and not _is_whole(reply.text)):
        raise JudgeModelError("judge_answer_cut", _cut_message(reply))
    if end in _FAILED_ENDS:
        raise JudgeModelError(
            "judge_unavailable",
            f"“{reply.model}” broke off its answer ({end}): the provider failed",
            retryable=True,
        )
    if end is not None and end not in _GOOD_ENDS:
        raise JudgeModelError(
            "judge_answer_invalid",
            f"“{reply.model}” ended its answer with “{end[:40]}”, which is no known good end",
        )
    if not reply.text.strip():
        raise JudgeModelError("judge_answer_invalid", f"“{reply.model}” gave an empty answer")


def _cut_message(reply: ChatReply) -> str:
    if not reply.text.strip():
        return (
            f"“{reply.model}” used up its output tokens before it wrote an answer ({reply.end}): "
            "raise max_output_tokens or lower reasoning_effort"
        )
    end = reply.end or "its JSON is not whole"
    return f"the answer of “{reply.model}” was cut ({end}): raise max_output_tokens"


def _is_whole(text: str) -> bool:
    start, stop = text.find("{"), text.rfind("}")
    if start < 0:
        return not text.strip()  # an empty answer is told as one
    try:
        msgspec.json.decode(text[start : stop + 1])
    except msgspec.DecodeError:
        return False
    return True


def read_completion(body: Json, *, asked: str, provider: str) -> ChatReply | None:
    """A chat completion of any provider; `None` when the body is none.

    What the model thought (`reasoning`, `reasoning_content`, chunks of type `thinking`) is left out.
    """
    choices: object = body.get("choices")
    if not isinstance(choices, list) or not choices:
        return None
    first: object = cast("list[object]", choices)[0]
    choice = cast("Json", first) if isinstance(first, dict) else {}
    message_given: object = choice.get("message")
    message = cast("Json", message_given) if isinstance(message_given, dict) else {}
    content = _content(message.get("content"))
    called = _called(message)
    end: object = choice.get("finish_reason")
    refusal: object = message.get("refusal")
    usage_given: object = body.get("usage")
    usage = cast("Json", usage_given) if isinstance(usage_given, dict) else {}
    return ChatReply(
        text=content if called is None else called,
        end=end if isinstance(end, str) and end else None,
        model=str(body.get("model") or asked),
        usage=usage_of(usage, provider),
        cost_usd=_cost(usage) if provider == "openrouter" else None,
        tokens=tokens_of(choice.get("logprobs")) if called is None else (),
        refusal=refusal if isinstance(refusal, str) and refusal else None,
    )


def _content(content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    chunks = [cast("Json", chunk) for chunk in cast("list[object]", content) if isinstance(chunk, dict)]
    return "".join(str(chunk.get("text") or "") for chunk in chunks if chunk.get("type", "text") == "text")


def _called(message: Json) -> str | None:
    """The arguments of the first tool call, as JSON text."""
    calls: object = message.get("tool_calls")
    if not isinstance(calls, list) or not calls:
        return None
    first: object = cast("list[object]", calls)[0]
    function: object = cast("Json", first).get("function") if isinstance(first, dict) else None
    if not isinstance(function, dict):
        return None
    arguments: object = cast("Json", function).get("arguments")
    if isinstance(arguments, str):
        return arguments
    return msgspec.json.encode(arguments).decode() if arguments is not None else ""


def usage_of(usage: Mapping[str, Any], provider: str = "") -> Usage | None:
    """Token counts in our meaning; `None` when the server tells nothing (never zeros)."""
    read = _count(usage, "prompt_tokens")
    written = _count(usage, "completion_tokens")
    whole = _count(usage, "total_tokens")
    if read is None:
        return None
    details = _details(usage, "prompt_tokens_details")
    written_details = _details(usage, "completion_tokens_details")
    reasoning = _count(written_details, "reasoning_tokens") or 0
    output = written if written is not None else max(0, (whole or read) - read)
    if provider == "gemini" and whole is not None and whole - read > output:
        # Thoughts are missing from `completion_tokens` there.
        reasoning = max(reasoning, whole - read - output)
        output = whole - read
    cached = _count(details, "cached_tokens")
    for name in ("prompt_cache_hit_tokens", "cached_tokens"):  # DeepSeek's and Together's
        if cached is None:
            cached = _count(usage, name)
    return Usage(
        input=read,
        output=output,
        cached=min(cached or 0, read),
        cache_write=min(_count(details, "cache_write_tokens") or 0, read),
        reasoning=min(reasoning, output),
    )


def _details(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value: object = usage.get(name)
    return cast("Json", value) if isinstance(value, dict) else {}


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    value: object = usage.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return int(value) if value >= 0 else None


def _cost(usage: Mapping[str, Any]) -> float | None:
    value: object = usage.get("cost")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def tokens_of(logprobs: object) -> tuple[TokenAlternatives, ...]:
    """Tokens and their alternatives, from OpenAI's form, Ollama's list or Together's parallel lists."""
    if isinstance(logprobs, dict):
        given = cast("Json", logprobs)
        if isinstance(given.get("content"), list):
            return _spelled(given["content"])
        if isinstance(given.get("tokens"), list):
            return _parallel(given)
        return ()
    return _spelled(cast("list[object]", logprobs)) if isinstance(logprobs, list) else ()


def _spelled(entries: list[object]) -> tuple[TokenAlternatives, ...]:
    tokens: list[TokenAlternatives] = []
    waiting = b""
    for given in entries:
        if not isinstance(given, dict):
            return ()
        entry = cast("Json", given)
        token, logprob = _pair(entry)
        raw: object = entry.get("bytes")
        if isinstance(raw, list) and (waiting or "�" in token or "\\x" in token):
            # A character can be spread over tokens; only together they are text.
            try:
                waiting += bytes(cast("list[int]", raw))
                token, waiting = waiting.decode(), b""
            except UnicodeDecodeError:
                token = ""
            except (TypeError, ValueError):
                return ()
        top: object = entry.get("top_logprobs")
        likely = cast("list[object]", top) if isinstance(top, list) else []
        tokens.append(
            TokenAlternatives(
                token,
                logprob,
                tuple(_pair(cast("Json", one)) for one in likely if isinstance(one, dict)),
            )
        )
    return tuple(tokens)


def _pair(entry: Json) -> tuple[str, float]:
    return str(entry.get("token", "")), _logprob(entry.get("logprob"))


def _logprob(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else -9999.0


def _parallel(given: Json) -> tuple[TokenAlternatives, ...]:
    tokens = cast("list[object]", given["tokens"])
    logprobs = cast("list[object]", given.get("token_logprobs") or [])
    tops = cast("list[object]", given.get("top_logprobs") or [])
    if len(logprobs) != len(tokens):
        return ()
    return tuple(
        TokenAlternatives(
            str(token),
            _logprob(logprobs[index]),
            _top(tops[index]) if index < len(tops) else (),
        )
        for index, token in enumerate(tokens)
    )


def _top(top: object) -> tuple[tuple[str, float], ...]:
    if not isinstance(top, dict):
        return ()
    return tuple((name, _logprob(value)) for name, value in cast("Json", top).items())


def spelling(tokens: tuple[TokenAlternatives, ...], text: str) -> tuple[TokenAlternatives, ...]:
    """The tokens that spell exactly `text`, a part of all that was generated; none when they do not."""
    if not tokens:
        return ()
    whole = "".join(token.token for token in tokens)
    if whole == text:
        return tokens
    start = whole.rfind(text)
    if start < 0 or not text:
        return ()
    position, kept, stop = 0, list[TokenAlternatives](), start + len(text)
    for token in tokens:
        end = position + len(token.token)
        if end > start and position < stop:
            piece = token.token[max(0, start - position) : stop - position]
            kept.append(msgspec.structs.replace(token, token=piece) if piece != token.token else token)
        position = end
    return tuple(kept)
