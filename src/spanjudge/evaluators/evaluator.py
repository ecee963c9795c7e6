"""The evaluator: a named, versioned definition of what is asked about a subject."""

import hashlib
from typing import Any, Literal

import msgspec

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import AnswerFormat

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

Need = Literal[
    "input", "output", "messages", "system_prompt", "context", "expected", "tools", "tool_calls"
]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition on a span attribute."""

    attribute: str
    operator: Operator
    value: Any = None


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which targets are judged: services (empty = all), percent of matching targets, rules that must all hold."""

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


class Evaluator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked, in rubric style (`rubric`) or full-prompt style (`prompt`), and how it is answered.

    The file format of this object is public: one YAML file an evaluator. Build one in code with the same
    names; `spanjudge.evaluators.file` reads and writes files and checks that the parts fit together.
    """

    name: str
    answer: AnswerFormat
    description: str = ""
    target: Literal["span", "trace", "session"] = "span"
    judge: str = "default"
    scope: Scope = Scope()
    needs: tuple[Need, ...] = ()
    rubric: str | None = None
    prompt: Prompt | None = None
    variables: dict[str, str] = {}
    acceptance: Acceptance | None = None
    labels: VerdictLabels | None = None

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits of a hash of the content: equal definitions have equal versions."""
        canonical = msgspec.json.encode(self, order="deterministic")
        return hashlib.sha256(canonical).hexdigest()[:12]
