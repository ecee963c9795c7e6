"""Where each provider is and how its key is sent: one row a provider, read from the providers' own SDKs."""

import re

import msgspec
from yarl import URL

from spanjudge.errors import SettingsError
from spanjudge.judging.models.config import JudgeModelConfig

_CHAT = "/chat/completions"


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `base` is what `O2_JUDGE_URL` replaces; without one the setting is required."""

    base: str | None
    path: str = _CHAT
    needs_key: bool = True


PROVIDERS: dict[str, Provider] = {
    "openai": Provider(base="https://api.openai.com/v1"),
    "azure": Provider(base=None),
    "gemini": Provider(base="https://generativelanguage.googleapis.com/v1beta/openai"),
    "mistral": Provider(base="https://api.mistral.ai/v1"),
    "groq": Provider(base="https://api.groq.com/openai/v1"),
    "deepseek": Provider(base="https://api.deepseek.com"),
    "together_ai": Provider(base="https://api.together.xyz/v1"),
    "fireworks_ai": Provider(base="https://api.fireworks.ai/inference/v1"),
    "openrouter": Provider(base="https://openrouter.ai/api/v1"),
    "ollama": Provider(base="http://localhost:11434", path="/api/chat", needs_key=False),
    "openai_compatible": Provider(base=None, needs_key=False),
}
"""Every provider that is spoken to without LiteLLM, but for Anthropic."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a judge model is asked, with which headers (the key among them), under which name.

    `model` is `None` where the name is part of the address.
    """

    url: str
    headers: dict[str, str]
    model: str | None


def address(config: JudgeModelConfig) -> Address:
    """The address of a configured judge model.

    Raises `SettingsError`, with the setting and the fix, when something is missing or cannot be right.
    """
    provider = PROVIDERS.get(config.provider)
    if provider is None:
        raise SettingsError(
            f"O2_JUDGE_PROVIDER={config.provider!r} is none of {', '.join(sorted(PROVIDERS))}"
        )
    if not config.model.strip():
        raise SettingsError(
            f"O2_JUDGE_MODEL is missing: name the model as {config.provider} knows it, "
            + _EXAMPLES.get(config.provider, "for example the name its list of models shows")
        )
    key = _key(config, provider)
    base = _base(config, provider)
    if config.provider == "azure":
        return _azure(config, base, key)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Address(url=f"{base}{provider.path}", headers=headers, model=_model_name(config))


_EXAMPLES = {
    "azure": "for Azure the name of your deployment",
    "openai": "for example gpt-5.4-mini",
    "ollama": "for example qwen3:8b (`ollama list` shows what is there)",
}


def _model_name(config: JudgeModelConfig) -> str:
    name = config.model.strip()
    if config.provider == "fireworks_ai" and "/" not in name:
        return f"accounts/fireworks/models/{name}"
    return name


def _key(config: JudgeModelConfig, provider: Provider) -> str:
    key = config.api_key.strip()
    if any(char < " " or char == "\x7f" for char in key):
        raise SettingsError(
            "O2_JUDGE_API_KEY holds a line break or another control character: set the key alone"
        )
    if not key and provider.needs_key and config.url is None:
        raise SettingsError(f"O2_JUDGE_API_KEY is missing: {config.provider} takes no calls without one")
    return key


def _base(config: JudgeModelConfig, provider: Provider) -> str:
    given = (config.url or "").strip() or provider.base
    if not given:
        example = (
            "https://RESOURCE.openai.azure.com" if config.provider == "azure" else "http://localhost:8000/v1"
        )
        raise SettingsError(f"O2_JUDGE_URL is missing: {config.provider} needs it, for example {example}")
    url = _parsed(given)
    path = url.path.rstrip("/").removesuffix(_CHAT)
    match config.provider:
        case "ollama":
            path = re.sub(r"/(v1|api(/chat)?)$", "", path)
        case "gemini" if (url.host or "").endswith("googleapis.com") and not path.endswith("/openai"):
            path = f"{path or '/v1beta'}/openai"
        case "openai_compatible" if path in ("", "/"):
            raise SettingsError(
                f"O2_JUDGE_URL={given!r} must include the API's path, usually /v1: {url.origin()}/v1"
            )
        case _:
            pass
    # Azure alone has a query in its addresses, and writes its own.
    query = "" if config.provider == "azure" or not url.query_string else f"?{url.query_string}"
    if query:
        raise SettingsError(
            f"O2_JUDGE_URL must have no “?…” part: {url.origin()}{path} is the address it needs"
        )
    return f"{url.origin()}{path}".rstrip("/")


def _parsed(given: str) -> URL:
    try:
        url = URL(given)
        port_is_known = url.port is not None
    except ValueError:
        url, port_is_known = URL(), False
    if url.scheme not in ("http", "https") or not url.host or not port_is_known:
        raise SettingsError(
            f"O2_JUDGE_URL={given.partition('?')[0]!r} is no address: "
            "write http://HOST:PORT/… or https://HOST/…"
        )
    if url.user is not None or url.password is not None:
        raise SettingsError(
            f"O2_JUDGE_URL holds a user name or password before {url.host}: "
            "put the key in O2_JUDGE_API_KEY instead"
        )
    return url


_DATED = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_AZURE_V1 = frozenset({"v1", "latest", "preview"})


def _azure(config: JudgeModelConfig, base: str, key: str) -> Address:
    """Azure's two forms: a dated API version with the deployment in the path, or `/openai/v1`.

    A whole address copied from the portal is understood: everything from `/openai` on is written anew.
    """
    given = URL((config.url or "").strip())
    version = (config.api_version or given.query.get("api-version") or "").strip().lower()
    root, found, rest = base.partition("/openai")
    if found and not rest.startswith("/") and rest:
        root = base  # a gateway's own path that only begins like this
    if not version:
        version = "v1"
    # An Entra token is a JWT; a key never has dots.
    headers = {"Authorization": f"Bearer {key}"} if key.count(".") == 2 else {"api-key": key}  # noqa: PLR2004
    if not key:
        headers = {}
    name = config.model.strip()
    if version in _AZURE_V1:
        suffix = "?api-version=preview" if version == "preview" else ""
        return Address(url=f"{root}/openai/v1{_CHAT}{suffix}", headers=headers, model=name)
    if not _DATED.fullmatch(version):
        raise SettingsError(
            f"AZURE_API_VERSION={version!r} is neither a date such as 2024-10-21 "
            "nor one of v1, latest, preview"
        )
    path = URL.build(path=f"/openai/deployments/{name}{_CHAT}").raw_path
    return Address(url=f"{root}{path}?api-version={version}", headers=headers, model=None)
