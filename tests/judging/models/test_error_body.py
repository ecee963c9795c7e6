"""The nine shapes error bodies come in, and what stands in the headers."""

import email.utils
import time
from typing import Any

import pytest

from spanjudge.judging.models.error_body import LONGEST_TEXT, read_error, retry_after


@pytest.mark.parametrize(
    ("body", "text", "code"),
    [
        pytest.param(
            {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": "bad"}},
            "No.",
            "bad",
            id="openai",
        ),
        pytest.param(
            {"error": {"message": "No.", "type": "exceed_context_size_error", "code": 400, "n_ctx": 4096}},
            "No.",
            "exceed_context_size_error",
            id="llama.cpp, a number as code",
        ),
        pytest.param(
            [{"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT"}}],
            "No.",
            "invalid_argument",
            id="gemini's openai path, an array",
        ),
        pytest.param(
            {"error": {"code": 429, "message": "No.", "status": "RESOURCE_EXHAUSTED", "details": []}},
            "No.",
            "resource_exhausted",
            id="google",
        ),
        pytest.param(
            {
                "type": "error",
                "error": {
                    "type": "rate_limit_error",
                    "message": "No.",
                    "details": {"error_code": "workspace_spend_limit_reached"},
                },
                "request_id": "req_1",
            },
            "No.",
            "workspace_spend_limit_reached",
            id="anthropic",
        ),
        pytest.param(
            {"object": "error", "message": "No.", "type": "invalid_model", "param": None, "code": "1500"},
            "No.",
            "invalid_model",
            id="mistral, flat",
        ),
        pytest.param({"detail": "No."}, "No.", None, id="fastapi, a text"),
        pytest.param(
            {
                "detail": [
                    {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "No.", "input": "private"}
                ]
            },
            "seed: No.",
            "extra_forbidden",
            id="fastapi, a list",
        ),
        pytest.param({"error": "No."}, "No.", None, id="ollama"),
        pytest.param({"error": "Unauthorized", "message": "No."}, "No.", "unauthorized", id="gateway"),
        pytest.param({"id": "1", "message": "No."}, "No.", None, id="cohere"),
        pytest.param("<html><body><h1>No.</h1></body></html>", "No.", None, id="a proxy's page"),
        pytest.param("No.", "No.", None, id="plain text"),
        pytest.param("", "", None, id="nothing"),
        pytest.param(
            {"object": "error", "message": {"detail": [{"loc": ["body", "x"], "msg": "No."}]}, "code": None},
            "x: No.",
            None,
            id="mistral, fastapi's list inside",
        ),
        pytest.param([], "", None, id="an empty array"),
        pytest.param({"error": None}, "", None, id="an empty error"),
        pytest.param(17, "", None, id="a number"),
    ],
)
def test_every_shape_gives_its_text_and_its_code(body: Any, text: str, code: str | None) -> None:
    report = read_error(400, {}, body)
    assert report.text == text
    assert code is None or code in report.codes
    assert report.status == 400


def test_amazons_error_class_stands_in_a_header() -> None:
    headers = {"x-amzn-errortype": "UnrecognizedClientException:http://internal.amazon.com/"}
    report = read_error(403, headers, {"message": "The security token is invalid."})
    assert "unrecognizedclientexception" in report.codes


def test_openrouters_upstream_error_is_read_out_of_its_text() -> None:
    body = {
        "error": {
            "code": 502,
            "message": "Provider returned error",
            "metadata": {
                "raw": '{"error": {"message": "context is full", "code": "context_length_exceeded"}}'
            },
        }
    }
    report = read_error(200, {}, body)
    assert report.status == 502
    assert report.text == "Provider returned error: context is full"
    assert "context_length_exceeded" in report.codes


def test_an_error_inside_a_200_has_the_status_it_names_or_a_bad_gateways() -> None:
    assert read_error(200, {}, {"error": {"code": 429, "message": "slow"}}).status == 429
    assert read_error(200, {}, {"error": {"code": "odd", "message": "late"}}).status == 502


def test_fields_are_named_as_the_provider_names_them() -> None:
    assert read_error(400, {}, {"error": {"message": "m", "param": "temperature"}}).fields == ("temperature",)
    detail = [{"loc": ["body", "response_format", "type"], "msg": "m"}]
    assert read_error(422, {}, {"detail": detail}).fields == ("response_format.type",)


def test_what_was_sent_is_never_repeated() -> None:
    detail = [{"loc": ["body", "messages"], "msg": "bad", "input": "what the user said"}]
    assert "what the user said" not in read_error(422, {}, {"detail": detail}).text


@pytest.mark.parametrize(
    "key", ["sk-proj-AbCdEf123456", "gsk_abcdef123456", "AIzaSyA1234567890abc", "sk-pr****wxyz"]
)
def test_a_key_a_provider_repeats_is_taken_out(key: str) -> None:
    text = read_error(401, {}, {"error": {"message": f"Incorrect API key provided: {key}. See docs."}}).text
    assert key not in text
    assert text.startswith("Incorrect API key provided: …")


def test_a_long_text_is_one_short_line() -> None:
    text = read_error(500, {}, {"error": "a\n" * 1000}).text
    assert "\n" not in text
    assert len(text) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, {}, 1.5),
        ({"retry-after": "9"}, {}, 9.0),
        ({"retry-after": "0.5"}, {}, 0.5),
        ({}, {"error": {"details": [{"@type": "…RetryInfo", "retryDelay": "12s"}]}}, 12.0),
        ({}, [{"error": {"details": [{"retryDelay": "3.5s"}]}}], 3.5),
        ({"retry-after": "2"}, {"error": {"details": [{"retryDelay": "12s"}]}}, 2.0),
        ({"retry-after": "soon"}, {}, None),
        ({"retry-after": "-4"}, {}, None),
        ({"retry-after": "nan"}, {}, None),
        ({}, {}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], body: Any, seconds: float | None) -> None:
    assert read_error(429, headers, body).retry_after == seconds


def test_a_date_to_wait_for_becomes_seconds_and_a_past_one_none_at_all() -> None:
    soon = email.utils.formatdate(time.time() + 30, usegmt=True)
    seconds = retry_after({"retry-after": soon})
    assert seconds is not None
    assert 25 < seconds <= 31
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


@pytest.mark.parametrize("name", ["x-request-id", "request-id", "apim-request-id", "x-amzn-requestid"])
def test_the_request_is_named_by_header_or_body(name: str) -> None:
    assert read_error(500, {name: "req_9"}, {}).request_id == "req_9"
    assert read_error(500, {}, {"type": "error", "request_id": "req_8"}).request_id == "req_8"


@pytest.mark.parametrize(("value", "meant"), [("true", True), ("false", False), ("", None), ("maybe", None)])
def test_whether_to_try_again_as_the_provider_says(value: str, *, meant: bool | None) -> None:
    assert read_error(500, {"x-should-retry": value}, {}).should_retry is meant
