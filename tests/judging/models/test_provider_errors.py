"""Every meaning in every provider's words."""

from typing import Any

import pytest

from spanjudge.judging.models.error_body import read_error
from spanjudge.judging.models.model import JudgeModelError, SchemaRefusedError
from spanjudge.judging.models.provider_errors import Meaning, judge_error, meaning_of, refused_parameter


def openai(message: str = "No.", **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": None, "param": None, "code": None} | fields}


def google(message: str, status: str = "INVALID_ARGUMENT", *details: Any) -> list[dict[str, Any]]:
    return [{"error": {"code": 400, "message": message, "status": status, "details": list(details)}}]


def anthropic(kind: str, message: str = "No.", **details: str) -> dict[str, Any]:
    error: dict[str, Any] = {"type": kind, "message": message}
    return {
        "type": "error",
        "error": error | ({"details": details} if details else {}),
        "request_id": "req_1",
    }


def mistral(message: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": None}


PER_DAY = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
PER_MINUTE = {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}]}

CASES: list[tuple[Meaning, str, int, Any]] = [
    ("key", "openai", 401, openai(code="invalid_api_key")),
    ("key", "gemini", 400, google("API key not valid.", "INVALID_ARGUMENT", {"reason": "API_KEY_INVALID"})),
    ("key", "gemini", 400, google("API key not valid. Please pass a valid API key.")),
    ("key", "mistral", 401, {"detail": "Unauthorized"}),
    ("key", "openai_compatible", 401, {"error": "Unauthorized"}),
    ("key", "anthropic", 401, anthropic("authentication_error", "invalid x-api-key")),
    ("key", "anthropic", 403, anthropic("permission_error")),
    ("key", "bedrock", 403, {"message": "The security token is invalid."}),
    ("key", "openai_compatible", 403, "<html><title>Forbidden</title></html>"),
    ("credit", "openai", 429, openai(code="credit_balance_exhausted")),
    ("credit", "openai", 429, openai(code="organization_spend_limit_exceeded")),
    ("credit", "openai", 429, openai(code="project_spend_limit_exceeded")),
    ("credit", "openai", 429, openai(code="organization_usage_limit_exceeded")),
    ("credit", "openai", 429, openai(code="insufficient_quota", type="insufficient_quota")),
    ("credit", "anthropic", 429, anthropic("rate_limit_error", error_code="workspace_spend_limit_reached")),
    ("credit", "anthropic", 402, anthropic("billing_error")),
    ("credit", "anthropic", 400, anthropic("invalid_request_error", "Your credit balance is too low")),
    (
        "credit",
        "anthropic",
        400,
        anthropic("invalid_request_error", "You have reached your specified API usage limits."),
    ),
    ("credit", "gemini", 429, google("Quota exceeded", "RESOURCE_EXHAUSTED", PER_DAY)),
    ("credit", "deepseek", 402, openai("Insufficient Balance")),
    ("credit", "mistral", 402, {"detail": "Payment required"}),
    ("credit", "together_ai", 402, openai("Credit limit exceeded")),
    ("credit", "openrouter", 402, openai("Insufficient credits", code=402)),
    ("credit", "fireworks_ai", 412, openai("Account suspended")),
    ("model", "openai", 404, openai("The model `x` does not exist", code="model_not_found")),
    ("model", "openai", 403, openai("Project has no access to model `x`", code="model_not_found")),
    ("model", "azure", 404, openai("The API deployment does not exist", code="DeploymentNotFound")),
    ("model", "mistral", 400, mistral("Invalid model: x", "invalid_model")),
    ("model", "deepseek", 400, openai("Model Not Exist")),
    ("model", "bedrock", 400, {"message": "The provided model identifier is invalid."}),
    ("model", "ollama", 404, {"error": 'model "x" not found, try pulling it first'}),
    ("model", "openrouter", 400, openai("x/y is not a valid model ID", code=400)),
    ("model", "anthropic", 404, anthropic("not_found_error", "model: x")),
    ("model", "openai_compatible", 404, {"detail": "Not Found"}),
    (
        "too_long",
        "openai",
        400,
        openai("This model's maximum context length is 8", code="context_length_exceeded"),
    ),
    ("too_long", "anthropic", 400, anthropic("invalid_request_error", "prompt is too long: 9 > 8 maximum")),
    ("too_long", "anthropic", 413, anthropic("request_too_large")),
    (
        "too_long",
        "gemini",
        400,
        google("The input token count (9) exceeds the maximum number of tokens allowed (8)."),
    ),
    (
        "too_long",
        "openai_compatible",
        400,
        {"error": {"code": 400, "message": "m", "type": "exceed_context_size_error", "n_prompt_tokens": 9}},
    ),
    ("too_long", "together_ai", 422, openai("`inputs` tokens + `max_new_tokens` must be <= 4097.")),
    ("too_long", "together_ai", 403, openai("`inputs` tokens + `max_new_tokens` must be <= 4097.")),
    (
        "too_long",
        "groq",
        413,
        openai("Request too large for model", type="tokens", code="rate_limit_exceeded"),
    ),
    (
        "too_long",
        "openai",
        429,
        openai("Request too large for gpt-5 on tokens per min", code="rate_limit_exceeded"),
    ),
    (
        "too_long",
        "mistral",
        400,
        mistral("Prompt contains 9 tokens, too large for model with 8 maximum context length"),
    ),
    ("rate", "openai", 429, openai(code="rate_limit_exceeded", type="requests")),
    ("rate", "anthropic", 429, anthropic("rate_limit_error")),
    ("rate", "gemini", 429, google("Quota exceeded", "RESOURCE_EXHAUSTED", PER_MINUTE)),
    ("rate", "mistral", 429, {"message": "Requests rate limit exceeded"}),
    ("rate", "cohere", 429, ""),
    ("overloaded", "anthropic", 529, anthropic("overloaded_error")),
    ("overloaded", "openai", 503, openai(code="server_is_overloaded")),
    ("overloaded", "gemini", 503, google("The model is overloaded.", "UNAVAILABLE")),
    ("overloaded", "deepseek", 503, openai("Service busy")),
    ("overloaded", "openai_compatible", 503, openai("Loading model", type="unavailable_error", code=503)),
    (
        "overloaded",
        "ollama",
        503,
        {"error": "server busy, please try again. maximum pending requests exceeded"},
    ),
    ("overloaded", "groq", 498, openai("capacity")),
    (
        "overloaded",
        "mistral",
        429,
        mistral("Service tier capacity exceeded", "service_tier_capacity_exceeded"),
    ),
    ("overloaded", "openai", 500, openai("Internal error")),
    ("overloaded", "openai_compatible", 502, "<html><h1>Bad Gateway</h1></html>"),
    ("overloaded", "openai_compatible", 504, ""),
    (
        "refused",
        "azure",
        400,
        openai(code="content_filter", innererror={"code": "ResponsibleAIPolicyViolation"}),
    ),
    ("refused", "azure", 400, openai(innererror={"code": "ResponsibleAIPolicyViolation"})),
    ("refused", "openrouter", 403, openai("flagged", code=403, metadata={"reasons": ["violence"]})),
    ("schema", "deepseek", 400, openai("This response_format type is unavailable now")),
    ("schema", "deepseek", 400, openai("Thinking mode does not support this tool_choice")),
    ("schema", "openai_compatible", 400, {"error": "'response_format.type' must be 'json_schema' or 'text'"}),
    ("schema", "openai", 400, openai("Invalid schema for response_format 'v': 'oneOf' is not permitted.")),
    ("schema", "openai", 400, openai("Not supported.", param="response_format")),
    (
        "schema",
        "anthropic",
        400,
        anthropic("invalid_request_error", "output_config: Extra inputs are not permitted"),
    ),
    ("schema", "anthropic", 400, anthropic("invalid_request_error", "compiled grammar is too large")),
    ("schema", "mistral", 422, {"detail": [{"loc": ["body", "response_format", "type"], "msg": "bad"}]}),
    ("schema", "openai_compatible", 400, openai("failed to parse grammar")),
    ("schema", "ollama", 400, {"error": "registry.ollama.ai/library/x does not support tools"}),
    (
        "schema",
        "openrouter",
        404,
        openai("No endpoints found that can handle the requested parameters.", code=404),
    ),
    ("bad_json", "groq", 400, openai("Failed", code="json_validate_failed", failed_generation="private")),
    ("address", "openai_compatible", 405, {"detail": "Method Not Allowed"}),
    ("address", "openai_compatible", 302, ""),
    ("request", "openai", 400, openai("Unsupported value", param="temperature", code="unsupported_value")),
    ("request", "openai_compatible", 501, ""),
]


@pytest.mark.parametrize(("meaning", "provider", "status", "body"), CASES)
def test_every_provider_in_its_own_words(meaning: Meaning, provider: str, status: int, body: Any) -> None:
    assert meaning_of(read_error(status, {}, body), provider) == meaning


CODES = {
    "key": ("judge_key_refused", False, "O2_JUDGE_API_KEY"),
    "credit": ("judge_no_credit", False, "add credit"),
    "model": ("judge_model_unknown", False, "O2_JUDGE_MODEL"),
    "too_long": ("input_too_long", False, "too long"),
    "rate": ("judge_rate_limited", True, "rate"),
    "overloaded": ("judge_unavailable", True, "overloaded"),
    "refused": ("judge_refused", False, "content filter"),
    "schema": ("judge_answer_invalid", False, "structured output"),
    "bad_json": ("judge_answer_invalid", False, "does not fit the schema"),
    "address": ("judge_unavailable", False, "O2_JUDGE_URL"),
    "request": ("judge_unavailable", False, "O2_JUDGE_MODEL"),
}


@pytest.mark.parametrize(("meaning", "provider", "status", "body"), CASES)
def test_each_meaning_has_its_code_its_retry_and_its_advice(
    meaning: Meaning, provider: str, status: int, body: Any
) -> None:
    error = judge_error(read_error(status, {"retry-after": "3"}, body), provider=provider, model="x")
    code, retryable, words = CODES[meaning]
    assert (error.code, error.retryable, error.status) == (code, retryable, status)
    assert words in error.message
    assert provider in error.message
    assert "private" not in error.message
    assert isinstance(error, SchemaRefusedError) == (meaning == "schema")
    assert error.retry_after == (3.0 if retryable else None)


def message(status: int, body: Any, provider: str, model: str, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return judge_error(read_error(status, named, body), provider=provider, model=model).message


def test_the_message_holds_what_the_provider_said_the_status_and_the_request() -> None:
    text = message(401, openai("Bad key."), "openai", "gpt-5.4", x_request_id="req_7")
    assert text == (
        "openai refused the API key: check O2_JUDGE_API_KEY and what the key may do; "
        "it says: Bad key. (HTTP 401, request req_7)"
    )


def test_a_model_its_vendor_has_ended_is_told_as_such() -> None:
    text = message(404, openai("The model does not exist", code="model_not_found"), "openai", "o1-mini")
    assert "o1-mini was ended by its vendor on 2025-10-27; use gpt-5.4-mini" in text


def test_an_unknown_model_gets_its_providers_advice() -> None:
    assert "ollama pull llama3" in message(404, {"error": "model not found"}, "ollama", "llama3")
    assert "name of the deployment" in message(404, openai(code="DeploymentNotFound"), "azure", "x")
    assert "O2_JUDGE_URL" in message(404, {"detail": "Not Found"}, "openai_compatible", "x")


def test_the_provider_overrules_whether_to_try_again() -> None:
    def error(status: int, body: Any, should: str) -> JudgeModelError:
        return judge_error(read_error(status, {"x-should-retry": should}, body), provider="openai", model="x")

    assert error(500, openai(), "false").retryable is False
    assert error(400, openai("odd"), "true").retryable is True
    assert error(429, openai(code="insufficient_quota"), "true").retryable is False


def test_the_key_is_taken_out_of_whatever_a_provider_says() -> None:
    report = read_error(401, {}, {"error": "no such token my-own-gateway-token here"})
    error = judge_error(report, provider="openai", model="x", secret="my-own-gateway-token")
    assert "my-own-gateway-token" not in error.message
    assert "no such token … here" in error.message


@pytest.mark.parametrize(
    ("status", "body", "name"),
    [
        (
            400,
            openai("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", param="max_tokens"),
            "max_tokens",
        ),
        (400, openai("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'."), "max_tokens"),
        (
            400,
            openai("temperature does not support 0", param="temperature", code="unsupported_value"),
            "temperature",
        ),
        (400, google('Invalid JSON payload received. Unknown name "seed": Cannot find field.'), "seed"),
        (422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}, "seed"),
        (
            400,
            anthropic("invalid_request_error", "temperature: Extra inputs are not permitted"),
            "temperature",
        ),
        (
            400,
            openai("Unrecognized request argument supplied: max_completion_tokens"),
            "max_completion_tokens",
        ),
        (400, openai("Something else"), None),
        (400, openai("seed and more", param="response_format"), None),
        (500, openai("temperature"), None),
    ],
)
def test_the_parameter_a_provider_objects_to(status: int, body: Any, name: str | None) -> None:
    sent = ("temperature", "seed", "max_tokens", "max_completion_tokens")
    assert refused_parameter(read_error(status, {}, body), sent) == name
