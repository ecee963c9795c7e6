"""Which judge model the environment names: as to a server, else as users of OpenAI and DeepEval do."""

import os
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.in_process.settings import variables
from spanjudge.judging.budget.ledger import Limits
from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model_rules import is_openai_name
from spanjudge.judging.models.settings.judge import data_dir, judge
from spanjudge.judging.models.settings.reading import JudgesRead, Value, given, parsed
from spanjudge.judging.models.settings.table import JUDGE, PROVIDERS

_CONTRACT_S, _OWN = "O2_JUDGE_", "SPANJUDGE_JUDGE_"
_IDENTITY = frozenset({"provider", "api_key", "api_key_file", "model", "url", "api_version", "path"})
"""Without one of these as it was meant, another judge would be asked than the one that was meant."""

_OF_SECTION = {row.key: row for row in variables.JUDGE}
_TUNING = frozenset(row.field for row in JUDGE) - _IDENTITY - {"threads", "context_tokens"}
_USUAL = {"model": variables.MODELS[-1], "url": variables.OPENAI_BASE_URL}
_OPENAI = "api.openai.com"
_CHAT = "/chat/completions"


class JudgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A judge model that can be opened. `provider` is what results call its provider.

    `limits` are what may be spent on it. `words` are what messages about it say instead of the core's own
    words (names of variables, mostly). `problems` are settings that have no effect, each with the fix.
    """

    config: JudgeModelConfig
    provider: str
    limits: Limits = Limits()
    words: Mapping[str, str] = {}
    problems: tuple[str, ...] = ()

    def said(self, message: str) -> str:
        """A message in the user's words: the variables that were set, not the ones they stand for."""
        for word, own in self.words.items():
            message = message.replace(word, own)
        return message


def judge_settings(
    environ: Mapping[str, str] | None = None, *, concurrency: int | None = None
) -> JudgeSettings:
    """The judge model of an environment. `concurrency`: so many calls at once, or more, where none is set.

    Raises `SettingsError`, with variable and fix, when there is none.
    """
    environ = os.environ if environ is None else environ
    found = _judge_settings(environ, concurrency)
    return msgspec.structs.replace(found, limits=_limits(environ))


def _judge_settings(environ: Mapping[str, str], concurrency: int | None) -> JudgeSettings:
    reading, faults = _read(environ)
    fields = reading.judges["default"]
    if concurrency is not None and "concurrency" not in fields:
        usual = JudgeModelConfig(provider="").concurrency
        fields["concurrency"] = Value(max(usual, concurrency), "default")
    if "provider" in faults:
        raise SettingsError(faults["provider"])
    if "provider" in fields:
        if faults:
            raise SettingsError("; ".join(faults.values()))
        return _as_a_server(fields, reading, environ)
    for field in (*fields, *faults):
        row = next(row for row in JUDGE if row.field == field)
        name = next((name for name in row.env if name in environ), row.env[0])
        if field not in _TUNING and name.startswith(("O2_", "SPANJUDGE_")):
            reading.problems.append(f"{name} has no effect without SPANJUDGE_JUDGE_PROVIDER: set that too")
    return _as_openai(fields, reading, environ)


def _read(environ: Mapping[str, str]) -> tuple[JudgesRead, dict[str, str]]:
    """What is set, and by field what is wrong with settings that no default can stand in for."""
    reading = JudgesRead(judges={"default": {}})
    faults: dict[str, str] = {}
    for row in (*JUDGE, *PROVIDERS):
        try:
            found = given(row, environ)
            if found is None:
                continue
            name, text = found
            value = Value(parsed(row, text, name), f"environment {name}")
        except ValueError as error:
            if row.of_judge and row.field not in _IDENTITY:
                reading.problems.append(f"{error}; {row.default_text or row.default} is used instead")
            elif row.of_judge:
                faults[row.field] = str(error)
            continue
        (reading.judges["default"] if row.of_judge else reading.values)[row.field] = value
    return reading, faults


def _as_a_server(fields: dict[str, Value], reading: JudgesRead, environ: Mapping[str, str]) -> JudgeSettings:
    told = len(reading.problems)
    place = environ.get("SPANJUDGE_DATA_DIR", "").strip() or None
    config = judge("default", fields, reading, data_dir(place, environ))
    words = {_CONTRACT_S: _OWN} if _OWN in fields["provider"].origin else {}
    if config is None:
        settings = JudgeSettings(config=JudgeModelConfig(provider=""), provider="", words=words)
        raise SettingsError(settings.said("; ".join(reading.problems[told:])))
    problems = (*reading.problems, *reading.notes)
    return JudgeSettings(config=config, provider=config.provider, words=words, problems=problems)


def _as_openai(fields: dict[str, Value], reading: JudgesRead, environ: Mapping[str, str]) -> JudgeSettings:
    key_name, key = _first("api_key", environ)
    url_name, address = _first("url", environ)
    model_name, model = _first("model", environ)
    _, provider = _first("provider", environ)
    if not (key.isascii() and key.isprintable()):
        raise SettingsError(
            f"{key_name} holds characters that no key has (line breaks, …): set the key alone"
        )
    url = _completed(address) if address else None
    ours = url is None or (urlsplit(url).hostname or "").endswith(_OPENAI)
    if ours and not key:
        raise SettingsError(_no_key())
    model = model or cast("str", _OF_SECTION["model"].default)
    # A gateway in front of OpenAI is asked as OpenAI is: it takes a schema, and needs none in the prompt.
    wire = "openai" if ours or is_openai_name(model) else "openai_compatible"
    tuning: dict[str, Any] = {field: found.value for field, found in fields.items() if field in _TUNING}
    config = JudgeModelConfig(
        provider=wire,
        model=model,
        api_key=key,
        url=url,
        **tuning,
    )
    words = {
        "O2_JUDGE_API_KEY": key_name,
        "O2_JUDGE_MODEL": model_name,
        "O2_JUDGE_URL": url_name,
    }
    if wire == "openai_compatible":
        words[wire] = provider or f"the judge at {urlsplit(url or '').netloc.rpartition('@')[2]}"
    return JudgeSettings(
        config=config,
        provider=provider or cast("str", _OF_SECTION["provider"].default),
        words=words,
        problems=tuple(reading.problems),
    )


def _limits(environ: Mapping[str, str]) -> Limits:
    """A limit that cannot be read stops evaluation: nobody may be billed for a misspelt number."""
    found: dict[str, Any] = {}
    for row in variables.BUDGET:
        try:
            pair = given(row, environ)
            value = row.default if pair is None else parsed(row, pair[1], pair[0])
        except ValueError as error:
            raise SettingsError(str(error)) from None
        found[row.key.removeprefix("budget_")] = value
    return Limits(**found)


def _first(key: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Name and value of the first variable that is set; the usual name and nothing when none is."""
    row = _OF_SECTION[key]
    for name in row.env:
        if text := environ.get(name, "").strip():
            try:
                return name, cast("str", parsed(row, text, name))
            except ValueError as error:
                raise SettingsError(str(error)) from None
    return _USUAL.get(key, row.env[0]), ""


def _completed(address: str) -> str:
    """An address as OpenAI's SDK takes it; one without a path is a server's, whose API is under `/v1`."""
    parts = urlsplit(address)
    path = parts.path.rstrip("/").removesuffix(_CHAT)
    return parts._replace(path=path or "/v1").geturl()


def _no_key() -> str:
    return (
        f"{variables.OPENAI_API_KEY} is not set, so nobody can be asked to judge: set it to an OpenAI key; "
        f"or set {variables.OPENAI_BASE_URL} to a server of your own, such as http://localhost:8000/v1, "
        "which needs no key; or name another provider in SPANJUDGE_JUDGE_PROVIDER, such as anthropic (with "
        "SPANJUDGE_JUDGE_MODEL and SPANJUDGE_JUDGE_API_KEY), or embedded, a small model that needs neither "
        "key nor network (pip install 'spanjudge[embedded]')"
    )
