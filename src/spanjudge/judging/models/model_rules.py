"""What each family of models takes: structured-output modes, parameters, label probabilities.

Read from the gates of the providers' SDKs and of live-verified client libraries, 2026-11. What is not known
is sent only where a refusal can be taken back: a parameter a 400 names is dropped and asked without.
"""

import re
from typing import Any, Literal

import msgspec

from spanjudge.judging.models.config import JudgeModelConfig
from spanjudge.judging.models.model import Traits

Mode = Literal["json_schema", "tool", "json_object", "text"]
Probabilities = Literal["top_logprobs", "count"]

ALL_MODES: tuple[Mode, ...] = ("json_schema", "tool", "json_object", "text")
THINKING_ROOM = 8_192
"""Tokens a thinking model may use beside its answer: the output cap counts them."""

ALTERNATIVES = 8
"""Likely tokens asked for at each place: enough for a closed set of labels, and the answer stays small."""


class ModelRules(msgspec.Struct, frozen=True, kw_only=True):
    """How one model is asked.

    `modes` in the order they are tried; `strict` goes with a JSON schema; `schema_in_prompt` where the
    server enforces a schema the model never sees. `caps` are the names of the output cap, best first;
    `room` is added to it. `probabilities` is the spelling label probabilities are asked in, at most
    `alternatives`. `fields` are sent as they are; those in `fixed` are the user's own and never dropped.
    """

    modes: tuple[Mode, ...] = ALL_MODES
    strict: bool = True
    schema_in_prompt: bool = False
    system: bool = True
    caps: tuple[str, ...] = ("max_tokens",)
    room: int = THINKING_ROOM
    temperature: bool = True
    probabilities: Probabilities | None = None
    alternatives: int = ALTERNATIVES
    fields: dict[str, Any] = {}
    fixed: frozenset[str] = frozenset()


def rules_of(config: JudgeModelConfig) -> ModelRules:
    """The rules of a configured model."""
    return _RULES[config.provider](config.model.strip().lower(), config.reasoning_effort)


def traits_of(config: JudgeModelConfig) -> Traits:
    """Batching costs a small model agreement; a local one also has little room for long subjects."""
    size = re.search(r"(?<![\d.a-z])(\d+(?:\.\d+)?)b\b", config.model.lower())
    batches = float(size[1]) >= _LARGE_FROM_BILLIONS if size else config.provider != "ollama"
    if config.provider == "ollama":
        return Traits(batches=batches, max_subject_chars=24_000)
    return Traits(batches=batches)


_LARGE_FROM_BILLIONS = 14.0

# OpenAI and Azure

_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4}|latest|preview)$")
_NO_SCHEMA = re.compile(r"gpt-3\.5|gpt-4(-\d{4}|-32k|-turbo)?(-|$)|gpt-4o-2024-05-13|chatgpt-4o")


class _Family(msgspec.Struct, frozen=True):
    """`effort` is what a judge asks for unless told otherwise; `None`: the field is not sent.

    `samples` tells when temperature and label probabilities are taken: always, never, or only without
    thinking (`none`, whether sent or the default).
    """

    names: re.Pattern[str]
    effort: str | None
    samples: Literal["always", "never", "at none"]


_FAMILIES = (
    _Family(re.compile(r"gpt-3\.5|gpt-4|chatgpt-4"), None, "always"),
    _Family(re.compile(r"o1-(mini|preview)"), None, "never"),
    _Family(re.compile(r"o\d"), "low", "never"),
    _Family(re.compile(r"gpt-5(-mini|-nano)?$"), "minimal", "never"),
    # Effort none is their default.
    _Family(re.compile(r"gpt-5\.[1-4](-|$)"), None, "at none"),
    # Medium is: temperature alone would be refused.
    _Family(re.compile(r"gpt-5\.[5-9]|gpt-6-(sol|luna)|gpt-6\.1-terra"), "none", "at none"),
    _Family(re.compile(r"gpt-6-astra|gpt-6\.1-sol"), "low", "never"),
)


def _openai_name(model: str) -> str:
    name = model.removeprefix("ft:").split(":", maxsplit=1)[0].rpartition("/")[2]
    return _SNAPSHOT.sub("", name)


def _family(model: str) -> _Family | None:
    name = _openai_name(model)
    return next((family for family in _FAMILIES if family.names.match(name)), None)


def is_openai_name(model: str) -> bool:
    """Whether a model of this name is OpenAI's, whoever serves it."""
    return _family(model) is not None


def _openai(model: str, effort: str | None) -> ModelRules:
    family = _family(model)
    if family is None:
        # A name from after these lines were written: by the trend it thinks and takes no temperature.
        fields, fixed = _effort(effort)
        return ModelRules(caps=_NEW_CAPS, temperature=False, fields=fields, fixed=fixed)
    return _of_family(model, family, effort)


def _of_family(model: str, family: _Family, effort: str | None) -> ModelRules:
    asked = effort or family.effort
    thinks = asked not in (None, "none") or family.samples == "never"
    samples = family.samples == "always" or (family.samples == "at none" and not thinks)
    modes = ALL_MODES
    if re.search(r"(^|/)o1-(mini|preview)", model):
        modes = ("text",)
    elif _NO_SCHEMA.search(model):
        modes = ("tool", "json_object", "text")
    fields, fixed = _effort(effort, family.effort)
    return ModelRules(
        modes=modes,
        system=modes != ("text",),
        caps=_NEW_CAPS,
        room=THINKING_ROOM * (3 if asked in ("medium", "high", "xhigh") else 1) if thinks else 0,
        temperature=samples,
        probabilities="top_logprobs" if samples else None,
        fields=fields,
        fixed=fixed,
    )


_NEW_CAPS = ("max_completion_tokens", "max_tokens")


def _effort(
    wanted: str | None, usual: str | None = None, name: str = "reasoning_effort"
) -> tuple[dict[str, Any], frozenset[str]]:
    """The field, and its name when it is the user's own wish."""
    value = wanted or usual
    return ({name: value} if value else {}, frozenset({name}) if wanted else frozenset())


def _azure(model: str, effort: str | None) -> ModelRules:
    family = _family(model)
    if family is not None:
        return _of_family(model, family, effort)
    # A deployment may be called anything: what its model refuses is found out.
    fields, fixed = _effort(effort)
    return ModelRules(caps=_NEW_CAPS, room=3_072, probabilities="top_logprobs", fields=fields, fixed=fixed)


# The others


def _gemini(model: str, effort: str | None) -> ModelRules:
    version = re.search(r"gemini-(\d+(?:\.\d+)?)", model)
    number = float(version[1]) if version else 3.0
    thinks = number >= 2.5  # noqa: PLR2004 - the first that thinks
    fields, fixed = _effort(effort, "low" if thinks else None)
    # From 3 on its vendor asks to leave the temperature alone: lower ones loop.
    return ModelRules(temperature=number < 3, fields=fields, fixed=fixed)  # noqa: PLR2004


def _mistral(_model: str, effort: str | None) -> ModelRules:
    fields, fixed = _effort(effort)
    return ModelRules(fields=fields, fixed=fixed)


def _groq(model: str, effort: str | None) -> ModelRules:
    usual = "low" if "gpt-oss" in model else "none" if "qwen3" in model else None
    fields, fixed = _effort(effort, usual)
    return ModelRules(
        # Constrained only there; elsewhere strict is refused or means nothing.
        strict="gpt-oss" in model and "safeguard" not in model,
        caps=_NEW_CAPS,
        # Groq counts the cap against the tokens of a minute.
        room=4_096 if usual == "low" or effort else 0,
        fields=fields,
        fixed=fixed,
    )


def _deepseek(_model: str, effort: str | None) -> ModelRules:
    # It thinks unless told not to, and then takes neither temperature nor a forced tool nor probabilities.
    thinks = effort not in (None, "none")
    fields: dict[str, Any] = {"thinking": {"type": "enabled" if thinks else "disabled"}}
    if thinks:
        fields["reasoning_effort"] = effort
    return ModelRules(
        modes=("json_object", "text") if thinks else ("json_object", "tool", "text"),
        schema_in_prompt=True,
        room=THINKING_ROOM if thinks else 0,
        temperature=not thinks,
        probabilities=None if thinks else "top_logprobs",
        fields=fields,
        fixed=frozenset({"thinking", "reasoning_effort"}) if effort else frozenset(),
    )


def _together(model: str, effort: str | None) -> ModelRules:
    if "gpt-oss" in model:
        fields, fixed = _effort(effort, "low")
    elif effort:
        fields, fixed = {"reasoning": {"enabled": effort != "none"}}, frozenset({"reasoning"})
    else:
        fields, fixed = {}, frozenset[str]()
    return ModelRules(probabilities="count", fields=fields, fixed=fixed)


def _fireworks(model: str, effort: str | None) -> ModelRules:
    fields, fixed = _effort(effort, "low" if "gpt-oss" in model else None)
    return ModelRules(
        schema_in_prompt=True,
        probabilities="top_logprobs",
        alternatives=5,
        fields=fields,
        fixed=fixed,
    )


def _openrouter(model: str, effort: str | None) -> ModelRules:
    # Without this a schema nobody behind the model takes is dropped without a word.
    fields: dict[str, Any] = {"provider": {"require_parameters": True}}
    family = _family(model) if model.startswith("openai/") else None
    wanted = effort or (family.effort if family else None)
    if wanted:
        fields["reasoning"] = {"effort": wanted}
    samples = family is None or family.samples == "always" or (family.samples == "at none" and wanted is None)
    if model.startswith("anthropic/"):
        samples = False
    return ModelRules(
        temperature=samples, fields=fields, fixed=frozenset({"reasoning"}) if effort else frozenset()
    )


def _ollama(model: str, effort: str | None) -> ModelRules:
    think: bool | str = effort not in (None, "none")
    if "gpt-oss" in model:
        think = effort if effort in ("low", "medium", "high") else "low"
    return ModelRules(
        # Its forced tools are ignored or hang.
        modes=("json_schema", "json_object", "text"),
        schema_in_prompt=True,
        room=THINKING_ROOM if think else 0,
        probabilities="top_logprobs",
        fields={"think": think},
        fixed=frozenset({"think"}) if effort else frozenset(),
    )


def _unknown(_model: str, effort: str | None) -> ModelRules:
    if effort == "none":
        fields: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": False}}
        return ModelRules(
            schema_in_prompt=True,
            probabilities="top_logprobs",
            fields=fields,
            fixed=frozenset(fields),
        )
    fields, fixed = _effort(effort)
    return ModelRules(schema_in_prompt=True, probabilities="top_logprobs", fields=fields, fixed=fixed)


_RULES = {
    "openai": _openai,
    "azure": _azure,
    "gemini": _gemini,
    "mistral": _mistral,
    "groq": _groq,
    "deepseek": _deepseek,
    "together_ai": _together,
    "fireworks_ai": _fireworks,
    "openrouter": _openrouter,
    "ollama": _ollama,
    "openai_compatible": _unknown,
}
