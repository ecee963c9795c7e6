"""Evaluators, their versions, the gallery."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from spanjudge.server.rest.shapes.listing import Body, Shape
from spanjudge.server.rest.shapes.statistics import Figures
from spanjudge.server.rest.shapes.times import Instant

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
Status = Literal["draft", "published", "paused", "archived"]


EXAMPLE: dict[str, Any] = {
    "name": "topic",
    "description": "Is the message on topic for the travel desk?",
    "scope": {
        "services": ["travel-desk"],
        "sampling": 25,
        "rules": [{"attribute": "parent_span_id", "operator": "equals", "value": ""}],
    },
    "needs": ["input"],
    "rubric": "ON_TOPIC when the message is about travel: flights, trains, hotels, visas, bookings.\n",
    "answer": {
        "type": "category",
        "labels": [
            {"name": "ON_TOPIC", "description": "about travel"},
            {"name": "OFF_TOPIC", "description": "anything else"},
        ],
    },
    "acceptance": {"pass_values": ["ON_TOPIC"]},
}


class Rule(Body):
    """One condition on a span attribute."""

    attribute: str
    operator: Operator = "equals"
    value: Any = None


class Scope(Body):
    """Which targets are judged; `sampling` is percent."""

    services: list[str] = []
    sampling: float = 100.0
    rules: list[Rule] = []


class Prompt(Body):
    """Full-prompt style."""

    system: str = ""
    user: str = ""


class Label(Body):
    """One label of a category."""

    name: str = ""
    description: str = ""


class Anchor(Body):
    """A point of a scale and what an answer at this point looks like."""

    value: float
    description: str = ""


class Answer(Body):
    """The answer format.

    `labels` are a category's; `when_true` and `when_false` a boolean's; `min`, `max`, `anchors` and `method`
    a score's.
    """

    type: Literal["category", "boolean", "score"] = "category"
    labels: list[Label] = []
    when_true: str = ""
    when_false: str = ""
    min: float | None = None
    max: float | None = None
    anchors: list[Anchor] = []
    method: Literal["direct", "claims"] = "direct"


class Acceptance(Body):
    """Rule from answer to pass or fail: one of `pass_values`, `pass_when`, `min`/`max`."""

    pass_values: list[str] | None = None
    pass_when: bool | None = None
    min: float | None = None
    max: float | None = None


class VerdictLabels(Body):
    """Words for the verdicts of a score or boolean evaluator."""

    pass_: str = Field(default="", alias="pass")
    fail: str = ""


class Definition(Body):
    """An evaluator as the file format has it. A draft in the making may lack anything: see `validate`."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: str = ""
    description: str = ""
    target: Literal["span", "trace", "session"] = "span"
    judge: str = "default"
    scope: Scope = Scope()
    needs: list[Need] = []
    rubric: str | None = None
    brief: str | None = None
    prompt: Prompt | None = None
    variables: dict[str, str] = {}
    answer: Answer = Answer()
    acceptance: Acceptance | None = None
    labels: VerdictLabels | None = None


class Issue(Shape):
    """What is wrong (`error`) or doubtful (`warning`) with one field."""

    field: str = Field(description="As people write it.", examples=["answer.labels[3].name"])
    message: str
    severity: Literal["error", "warning"] = "error"
    line: int | None = Field(default=None, description="The line of the YAML text, counted from 1.")


class DefinitionBody(Body):
    """A definition to be looked at; nothing is stored."""

    definition: Definition


class Validation(Shape):
    """All that can be found at once; it can be published when there is no error."""

    issues: list[Issue]
    version: str | None = Field(default=None, description="Hash of the definition, when it is whole.")


class Version(Shape):
    """One version of an evaluator."""

    number: int
    version: str
    status: Status
    created: Instant
    published: Instant | None = None
    results: int | None = None


class EvaluatorRow(Shape):
    """An evaluator in the list. Figures are of the window asked for; `last_error` is the newest failure."""

    name: str
    description: str
    target: Literal["span", "trace", "session"]
    judge: str
    answer_type: Literal["category", "boolean", "score"]
    status: Status
    number: int
    version: str
    draft_number: int | None = Field(default=None, description="A newer draft than what is published.")
    services: list[str] = []
    sampling: float = 100.0
    reason: str = Field(default="", description="Why it is paused.")
    paused_by: Literal["", "user", "pipeline"] = ""
    retry: Instant | None = None
    from_file: bool = Field(
        default=False, description="Of SPANJUDGE_EVALUATORS_DIR: a restart applies the file."
    )
    figures: Figures
    before: Figures
    trend: list[float | None] = Field(
        default=[], description="Pass rate (or mean score) in 24 steps of the window."
    )
    waiting: int = 0
    last_error: str = ""
    last_error_code: str = ""
    last_error_time: Instant | None = None
    last_result: Instant | None = None


class Evaluators(Shape):
    """All of them, archived ones only when asked for."""

    items: list[EvaluatorRow]


class Evaluator(Shape):
    """One evaluator: what is published, and the draft above it if there is one."""

    name: str
    status: Status
    reason: str = ""
    paused_by: Literal["", "user", "pipeline"] = ""
    from_file: bool = False
    published: Definition | None = None
    published_number: int | None = None
    published_version: str | None = None
    draft: Definition | None = None
    draft_number: int | None = None
    draft_version: str | None = None
    versions: list[Version]


class NewEvaluator(Body):
    """A new evaluator; with `publish` it runs at once."""

    definition: Definition
    publish: bool = False


class EvaluatorEdit(Body):
    """A new version. `base_version` is the hash that was edited: 409 if a newer one is stored."""

    definition: Definition
    base_version: str
    publish: bool = False


class Publication(Body):
    """Publish the newest version; `version`, its hash, guards against publishing what one has not seen."""

    version: str | None = None


class Pause(Body):
    """Pause a published evaluator: its jobs wait."""

    reason: str = Field(default="", max_length=500)


class FieldChange(Shape):
    """One field that differs; texts of several lines as a unified diff too."""

    field: str
    before: str = ""
    after: str = ""
    diff: list[str] = []


class Diff(Shape):
    """What one version says otherwise than another."""

    before: str
    after: str
    changes: list[FieldChange]


class Conflict(Shape):
    """With 409, as `conflict` of the problem: what is stored, and what changed since `base_version`."""

    stored: Evaluator
    changes: list[FieldChange]


class GalleryEntry(Shape):
    """A built-in evaluator to begin from."""

    id: str = Field(examples=["templates/topic"])
    room: Literal["templates", "metrics", "scorers"]
    name: str
    description: str
    target: Literal["span", "trace", "session"]
    answer_type: Literal["category", "boolean", "score"]
    needs: list[Need]
    labels: list[str] = []
    in_use: bool = Field(default=False, description="An evaluator of this name exists.")
    definition: Definition


class Gallery(Shape):
    """All entries, and the empty definition of *LLM-as-a-Judge from scratch*."""

    items: list[GalleryEntry]
    scratch: Definition


class SchemaBody(Body):
    """An answer format, or the JSON schema that the judge must fill."""

    answer: Answer | None = None
    answer_schema: dict[str, Any] | None = Field(
        default=None, examples=[{"type": "number", "minimum": 1, "maximum": 5}]
    )


class AnswerSchema(Shape):
    """Both sides of the same."""

    answer: Answer
    answer_schema: dict[str, Any]


class Text(Body):
    """An evaluator file."""

    yaml: str = Field(
        examples=["name: polite\nrubric: true when the output is polite\nanswer: {type: boolean}\n"]
    )


class Parsed(Shape):
    """The definition in a file, or what is wrong with it."""

    definition: Definition | None = None
    issues: list[Issue] = []
    yaml: str = ""
