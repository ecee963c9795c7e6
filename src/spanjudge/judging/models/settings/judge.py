"""From the fields that were read to the settings of one judge model, with what its provider needs."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.registry import EXAMPLE_MODELS
from spanjudge.judging.models.settings.kinds import without_secrets
from spanjudge.judging.models.settings.reading import JudgesRead, Value
from spanjudge.judging.models.settings.setting import Setting
from spanjudge.judging.models.settings.table import JUDGE

KEYLESS = frozenset({"embedded", "scripted", "ollama", "openai_compatible", "vertex_ai", "bedrock"})
"""Providers that work without `O2_JUDGE_API_KEY`."""

KEYED = frozenset(
    {
        "openai",
        "anthropic",
        "gemini",
        "azure",
        "cohere",
        "mistral",
        "groq",
        "deepseek",
        "together_ai",
        "fireworks_ai",
        "openrouter",
    }
)
"""Providers that have one key. Any other name is left to LiteLLM, which reads its own variables."""

NEEDS_URL = {
    "openai_compatible": "http://localhost:8000/v1",
    "azure": "https://RESOURCE.openai.azure.com",
}


def judge(
    name: str, fields: dict[str, Value], reading: JudgesRead, data_dir: Path
) -> JudgeModelConfig | None:
    """The judge model, or `None` with what is missing added to the problems."""
    before = len(reading.problems)
    named = {row.field: _named(name, row) for row in JUDGE}
    if "provider" not in fields:
        if not any("PROVIDER" in problem for problem in reading.problems) or name != "default":
            reading.problems.append(
                f"{named['provider']} is not set: name the provider of the judge model, such as "
                "openai, anthropic or ollama; embedded needs no key"
            )
        return None
    values = {field: found.value for field, found in fields.items()}
    provider = _provider(values["provider"], named["provider"], reading)
    values["provider"] = provider
    if "api_key_file" in values:
        _key_from_file(values, fields, reading)
    if provider == "azure" and "api_version" not in values:
        shared = reading.judges["default"].get("api_version")
        values["api_version"] = shared.value if shared else None
    if len(reading.problems) == before:
        _look_for_missing(values, named, reading)
    _provider_variables(provider, reading)
    if len(reading.problems) > before:
        return None
    if values.get("path"):
        values["path"] = str(Path(values["path"]).expanduser())
    values.pop("api_key_file", None)
    return JudgeModelConfig(name=name, cache_dir=str(data_dir / "models"), **values)


def _look_for_missing(values: dict[str, Any], named: dict[str, str], reading: JudgesRead) -> None:
    provider = values["provider"]

    def bad(field: str) -> bool:
        """Whether it was given, and refused already."""
        return any(problem.startswith(named[field]) for problem in reading.problems)

    # An address of the user's own may be a gateway that knows the key itself.
    if provider in KEYED and not (values.get("api_key") or values.get("url") or bad("api_key")):
        reading.problems.append(f"{named['api_key']} is not set: {provider} needs a key, such as sk-…")
    if not values.get("model") and provider not in {"embedded", "scripted"} and not bad("model"):
        example = EXAMPLE_MODELS.get(provider, "the-model’s-name")
        reading.problems.append(
            f"{named['model']} is not set: name the model as {provider} spells it, such as {example}"
        )
    if provider in NEEDS_URL and not values.get("url") and not bad("url"):
        reading.problems.append(
            f"{named['url']} is not set: {provider} needs an address, such as {NEEDS_URL[provider]}"
        )
    if provider == "openai_compatible" and (given := str(values.get("url") or "")):
        url = without_secrets(given).rstrip("/")
        if not urlsplit(given).path.strip("/"):
            reading.problems.append(f"{named['url']}={url!r}: the path is missing, usually /v1: {url}/v1")
        elif "/v1" not in given:
            reading.notes.append(
                f"{named['url']}={url} does not contain /v1, as the address of an OpenAI-compatible server "
                "usually must"
            )


def _provider(given: str, name: str, reading: JudgesRead) -> str:
    """The name as the table spells it; other names are LiteLLM's and stay as they are."""
    usual = given.lower().replace("-", "_")
    if usual in KEYED | KEYLESS:
        return usual
    if close := difflib.get_close_matches(usual, KEYED | KEYLESS, n=1, cutoff=0.8):
        reading.problems.append(f"{name}={given!r}: no such provider; did you mean {close[0]}?")
    return given


def _key_from_file(values: dict[str, Any], fields: dict[str, Value], reading: JudgesRead) -> None:
    where = fields["api_key_file"].origin
    if values.get("api_key") and where.startswith("environment"):
        reading.problems.append(
            f"SPANJUDGE_JUDGE_API_KEY_FILE: the key is given twice, also by {fields['api_key'].origin}; "
            "keep one"
        )
        return
    path = Path(values["api_key_file"]).expanduser()
    try:
        values["api_key"] = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        reading.problems.append(f"api_key_file {path} ({where}): cannot be read ({reason})")
        return
    if not values["api_key"]:
        reading.problems.append(f"api_key_file {path} ({where}): the file is empty")


def _provider_variables(provider: str, reading: JudgesRead) -> None:
    given = reading.values
    if provider == "bedrock" and ("aws_access_key_id" in given) != ("aws_secret_access_key" in given):
        there, missing = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
        if "aws_access_key_id" not in given:
            there, missing = missing, there
        reading.problems.append(f"{missing} is not set, but {there} is: bedrock needs both or neither")
    credentials = given.get("google_credentials")
    if provider == "vertex_ai" and credentials and not Path(credentials.value).is_file():
        reading.problems.append(
            f"GOOGLE_APPLICATION_CREDENTIALS={credentials.value!r}: there is no such file; give the path "
            "of the service account’s key file"
        )


def _named(judge: str, setting: Setting) -> str:
    """How the setting of this judge model is called in messages."""
    return setting.env[0] if judge == "default" else f"judges.{judge}.{setting.field}"


def data_dir(given: str | None, environ: Mapping[str, str]) -> Path:
    """The folder for what must survive a restart: as given, or where such things are kept."""
    if given is not None:
        return Path(given).expanduser()
    base = environ.get("XDG_DATA_HOME", "").strip()
    return (Path(base) if base else Path("~/.local/share").expanduser()) / "spanjudge"
