"""What is left of a minute, as each provider says it."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from spanjudge.judging.models.rate_limits import Left, left_of


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("7.66s", 7.66),
        ("1m4s", 64.0),
        ("120ms", 0.12),
        ("30", 30.0),
        ("", 60.0),
        ("soon", 60.0),
        ("0s", 0.001),
        ("-5", 0.001),
    ],
)
def test_durations_are_read(reset: str, seconds: float) -> None:
    headers = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "12",
        "x-ratelimit-reset-requests": reset,
    }
    requests, tokens = left_of("openai", headers)
    assert requests == Left(left=12, of=500, seconds=seconds)
    assert tokens is None


@pytest.mark.parametrize("form", ["rfc3339", "seconds", "milliseconds"])
def test_moments_are_read(form: str) -> None:
    moment = time.time() + 30
    reset = {
        "rfc3339": (datetime.now(UTC) + timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": f"{moment:.0f}",
        "milliseconds": f"{moment * 1000:.0f}",
    }[form]
    headers = {"anthropic-ratelimit-input-tokens-remaining": "9000"}
    headers["anthropic-ratelimit-input-tokens-reset"] = reset
    _, tokens = left_of("anthropic", headers)
    assert tokens is not None
    assert (tokens.left, tokens.of) == (9_000, 0)
    assert 27 <= tokens.seconds <= 31


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "17h20m"},
        {"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "nan"},
        {"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "inf"},
        {"x-ratelimit-remaining-requests": "-1", "x-ratelimit-reset-requests": "1s"},
        {"x-ratelimit-remaining-requests": "many"},
        {},
    ],
)
def test_what_is_about_a_day_or_no_number_says_nothing(headers: dict[str, str]) -> None:
    assert left_of("openai", headers) == (None, None)


def test_groqs_requests_are_about_a_day() -> None:
    headers = {"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "20s"}
    assert left_of("groq", headers) == (None, None)
