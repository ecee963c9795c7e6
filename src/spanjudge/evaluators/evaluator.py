"""The evaluator: a named, versioned definition of what is asked about a subject."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Any, Literal, cast

import msgspec

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import AnswerFormat

_LARGEST_EXACT = 2**53

Operator = Literal[
    "equals",
    "not_equals",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "matches",
    "exists",
    "not_exists",
    "in",
    "not_in",
    "greater",
    "less",
]

Need = Literal["input", "output", "messages", "system_prompt", "context", "expected", "tools", "tool_calls"]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition on a span attribute."""

    attribute: str
    operator: Operator
    value: Any = None


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which targets are judged.

    Services (empty = all), percent of matching targets, rules that must all hold.
    """

    services: tuple[str, ...] = ()
    sampling: float = 100.0
    rules: tuple[Rule, ...] = ()


class Prompt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A system and a user template written in full by the author."""

    system: str = ""
    user: str


class VerdictLabels(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"pass_": "pass"}
):
    """Words for the two verdicts of a score or boolean evaluator."""

    pass_: str
    fail: str


class Evaluator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """What is asked, in rubric style (`rubric`) or full-prompt style (`prompt`), and how it is answered.

    The file format of this object is public: one YAML file an evaluator. Build one in code with the same
    names; `spanjudge.evaluators.file` reads and writes files and checks that the parts fit together.
    `brief` is the criterion in few words, for a call that many criteria share.
    """

    name: str
    answer: AnswerFormat
    description: str = ""
    target: Literal["span", "trace", "session"] = "span"
    judge: str = "default"
    scope: Scope = Scope()
    needs: tuple[Need, ...] = ()
    rubric: str | None = None
    brief: str | None = None
    prompt: Prompt | None = None
    variables: dict[str, str] = {}
    acceptance: Acceptance | None = None
    labels: VerdictLabels | None = None

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits of a hash of the content: equal definitions have equal versions.

        Only what differs from the defaults counts, so a field added to the format later changes no version.
        """
        canonical = msgspec.json.encode(plain(self), order="deterministic")
        return hashlib.sha256(canonical).hexdigest()[:12]


def plain(value: Any) -> Any:
    """The definition, or a part of it, as dictionaries, lists and scalars in the order of the file format.

    Fields that hold their default are left out; whole numbers have no fraction (`1.0` is `1`).
    """
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        fields: dict[str, Any] = {config.tag_field: config.tag} if config.tag_field else {}
        for name, encoded, default in _fields(type(value)):
            held = getattr(value, name)
            if held != default:
                fields[encoded] = plain(held)
        return fields
    if isinstance(value, Mapping):
        return {key: plain(held) for key, held in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(held) for held in cast("Sequence[Any]", value)]
    if isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST_EXACT:
        return int(value)
    return value


@cache
def _fields(struct: type[msgspec.Struct]) -> list[tuple[str, str, Any]]:
    """Name in code, name in the file, and default of every field."""
    return [
        (
            field.name,
            field.encode_name,
            field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory(),
        )
        for field in msgspec.structs.fields(struct)
    ]
