"""What a provider says its rate limits are, and what is left of them, in the headers of its answers.

Sources: OpenAI (https://platform.openai.com/docs/guides/rate-limits), Anthropic
(https://docs.anthropic.com/en/api/rate-limits), Groq (https://console.groq.com/docs/rate-limits).
"""

import re
import time
from collections.abc import Mapping
from datetime import datetime

import msgspec

_REQUESTS = ("x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit")
_TOKENS = (
    "x-ratelimit-limit-tokens",
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-input-tokens-limit",
)
_LEFT_REQUESTS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-limit-requests", "x-ratelimit-reset-requests"),
    (
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-reset",
    ),
    ("x-ratelimit-remaining", "x-ratelimit-limit", "x-ratelimit-reset"),
)
_LEFT_TOKENS = (
    ("x-ratelimit-remaining-tokens", "x-ratelimit-limit-tokens", "x-ratelimit-reset-tokens"),
    (
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-reset",
    ),
    (
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-limit",
        "anthropic-ratelimit-input-tokens-reset",
    ),
)
_REQUESTS_A_DAY = frozenset({"groq"})
"""Providers whose header of requests is about a day."""

_MINUTE = 60.0
_OF_A_MINUTE = 120.0
"""What is full again later than this is no limit by the minute."""

_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e12


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Most requests and tokens in a minute, as far as they are told."""

    requests: int | None = None
    tokens: int | None = None


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a limit `of` so much (0: not told), and the seconds until it is whole again."""

    left: int
    of: int
    seconds: float


def rate_limits(provider: str, headers: Mapping[str, str]) -> RateLimits:
    """The limits that an answer's headers tell."""
    return RateLimits(
        requests=None if provider in _REQUESTS_A_DAY else _first(headers, _REQUESTS),
        tokens=_first(headers, _TOKENS),
    )


def left_of(provider: str, headers: Mapping[str, str]) -> tuple[Left | None, Left | None]:
    """What is left of a minute's requests and tokens, as far as it is told."""
    requests = None if provider in _REQUESTS_A_DAY else _left(headers, _LEFT_REQUESTS)
    return requests, _left(headers, _LEFT_TOKENS)


def _left(headers: Mapping[str, str], names: tuple[tuple[str, str, str], ...]) -> Left | None:
    for left, of, reset in names:
        text = headers.get(left)
        if text is None:
            continue
        count = _count(text)
        seconds = _until(headers.get(reset))
        if count is not None and seconds <= _OF_A_MINUTE:
            return Left(left=count, of=_count(headers.get(of, "")) or 0, seconds=max(seconds, 0.001))
    return None


def _until(text: str | None) -> float:
    """Seconds: of `6m0s`, `59.7s`, `120ms`, a number, a moment as a number or in RFC 3339; else a minute."""
    text = (text or "").strip()
    parts = _PARTS.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    try:
        number = float(text)
    except ValueError:
        try:
            number = datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError, OSError):
            return _MINUTE
    if number >= _EPOCH_MILLISECONDS:
        number /= 1000
    return number - time.time() if number >= _EPOCH_SECONDS else number


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    return next((count for name in names if (count := _count(headers.get(name, "")))), None)


def _count(text: str) -> int | None:
    text = text.strip()
    # More digits are no limit but a fault.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None  # noqa: PLR2004 - see above
