"""Does an evaluator judge a target, and if not, why: the same answer when receiving, judging, explaining."""

from collections.abc import Callable, Iterable
from typing import get_args

import msgspec

from spanjudge.evaluators import prompt as templates
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.sampling import sampled
from spanjudge.evaluators.scope import ScopeMatcher
from spanjudge.evaluators.span_values import Seen
from spanjudge.judging.prechecks import missing_needs
from spanjudge.judging.subject import Field, Subject
from spanjudge.pipeline.decision import JUDGE, Decision
from spanjudge.pipeline.subjects import Reading, Shown
from spanjudge.spans.facts import Facts
from spanjudge.spans.raw import STATUS_ERROR, RawSpan
from spanjudge.spans.span import Span
from spanjudge.telemetry.own import is_own_telemetry

_CHOOSE_KINDS = frozenset({"parent_span_id", "span_id", "trace_id", "name", "kind", "gen_ai.tool.name"})
_CHOOSE_KINDS_BY_END = (
    "operation.name",
    "span.kind",
    "spanType",
    "observation.type",
    "operationId",
    "request.type",
)
_SPEAK_OF_ERRORS = frozenset({"status", "status_message", "error.type", "attributes.error.type"})
_FIELDS: tuple[Field, ...] = get_args(Field)
_WORDS = {"spans": "messages", "turns": "messages"}
_FROM_LOGS = frozenset({"input", "output", "messages", "system_prompt", "context"})
_WITH_THE_ANSWER = frozenset({"tools", "tool_calls"})
_MOST_KNOWN = 1024


class Wanted(msgspec.Struct, frozen=True):
    """What an evaluator cannot do without: fields of the subject, span attributes as (name in it, key)."""

    fields: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]


class Admission:
    """One evaluator's door, compiled once. Raises as `ScopeMatcher` does.

    Without a rule that chooses kinds of spans (`gen_ai.operation.name`, `parent_span_id`, `name`, `kind`, or
    what a dialect calls the kind) only model calls are judged; with one whatever the rules match, but of a
    framework's plumbing only the root. Failed calls are judged only when a rule speaks of `status` or
    `error.type`.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        """See the class."""
        self.evaluator = evaluator
        self.scope = ScopeMatcher(evaluator.scope)
        self._percent = evaluator.scope.sampling
        self._any_kind = any(map(_chooses_kinds, self.scope.attributes))
        self._failed_too = bool(self.scope.attributes & _SPEAK_OF_ERRORS)
        self._wanted = _wanted(evaluator)

    def in_scope(self, seen: Seen) -> bool:
        """Kind, rules and sampling of a span whose service is in scope: what most spans fail, in no time."""
        return (
            (seen.facts.is_model_call or (self._any_kind and not _is_plumbing(seen.facts, seen.raw)))
            and self.scope.rules_hold(seen)
            and sampled(seen.raw.trace_id, self._percent)
        )

    def admits(self, shown: Shown) -> Decision:
        """Whether there is what it takes to judge a span that is `in_scope`."""
        if not self._failed_too and (
            shown.raw.status_code == STATUS_ERROR or (shown.span.error and shown.subject.output is None)
        ):
            return _failed(shown.raw)
        return self._content(shown.subject, "span", about_genai=shown.facts.is_genai)

    def decide(self, seen: Shown) -> Decision:
        """Everything about a span, with words for what does not fit."""
        if is_own_telemetry(seen):
            return Decision(judge=False, reason="own_telemetry", detail="it is a call of the judge itself")
        if not self.scope.serves(seen.raw.resource.service):
            return _not_matched(self.scope.mismatch(seen) or "")
        kind = self._wrong_kind(seen)
        if kind:
            return _not_matched(kind)
        mismatch = self.scope.mismatch(seen)
        if mismatch:
            return _not_matched(mismatch)
        if not sampled(seen.raw.trace_id, self._percent):
            return self._sampled_out("trace")
        return self.admits(seen)

    def decide_whole(self, reading: Reading) -> Decision:
        """A trace or session: one of its spans must satisfy services and rules together."""
        kind = reading.target.kind
        others = [Seen(raw, None, lambda span=span: span) for raw, span in reading.spans]
        about = [seen for seen in others if seen.facts.is_genai]
        judged = [seen for seen in about if not is_own_telemetry(seen)]
        if not judged:
            if about:
                told = f"the {kind} holds calls of the judge itself"
                return Decision(judge=False, reason="own_telemetry", detail=told)
            return _not_matched(f"nothing in the {kind} is about GenAI")
        if not any(map(self.scope.matches, others)):
            return _not_matched(
                f"no span of the {kind} fits; of “{judged[0].raw.name[:80]}”: {self._told(judged[0])}"
            )
        key = reading.target.trace_id if kind == "trace" else reading.target.session_id
        if not sampled(key, self._percent):
            return self._sampled_out(kind)
        if reading.span.error and reading.subject.output is None and not self._failed_too:
            return _failed(reading.raw)
        return self._content(reading.subject, kind, about_genai=True)

    def content(self, reading: Reading) -> Decision:
        """Whether there is what it takes to judge a target, whatever scope and sampling say."""
        return self._content(reading.subject, reading.target.kind, about_genai=False)

    def _told(self, seen: Seen) -> str:
        return self.scope.mismatch(seen) or ""

    def _sampled_out(self, kind: str) -> Decision:
        told = f"{self._percent:g} % of {kind}s are judged, and this one is not among them"
        return Decision(judge=False, reason="sampled_out", detail=told)

    def _wrong_kind(self, seen: Seen) -> str | None:
        facts = seen.facts
        if self._any_kind:
            if _is_plumbing(facts, seen.raw):
                return "it is plumbing of a framework below another span; of such spans only roots are judged"
            return None
        if facts.is_model_call:
            return None
        if not facts.is_genai:
            return "the span is not about GenAI, as far as its attributes tell"
        fix = "a rule on gen_ai.operation.name chooses others"
        return f"it is no model call but {facts.operation or facts.kind}; {fix}"

    def _content(self, subject: Subject, kind: str, *, about_genai: bool) -> Decision:
        missing = self._missing(subject)
        if not missing:
            return JUDGE
        silent = subject.output is None and not any(subject.has(field) for field in _FIELDS)
        answered = subject.output is not None or bool(subject.tool_calls)
        coming = about_genai and all(
            name in _FROM_LOGS or (name in _WITH_THE_ANSWER and not answered) for name in missing
        )
        if silent:
            told = (
                f"the {kind} carries no text: its instrumentation does not record content, or sends it "
                "as log events that have not come"
            )
            return Decision(judge=False, reason="no_content", detail=told, may_change=coming)
        named = ", ".join(missing)
        told = f"the {kind} has no {named}"
        return Decision(judge=False, reason="missing_variable", detail=told, may_change=coming)

    def _missing(self, subject: Subject) -> list[str]:
        found = [
            f"{written} (attribute {key})" if written != key else f"attribute {key}"
            for written, key in self._wanted.attributes
            if subject.attributes.get(key) in (None, "")
        ]
        evaluator = self.evaluator
        if evaluator.needs:
            return [*missing_needs(evaluator, subject), *found]
        if evaluator.prompt is not None:
            return [*(name for name in self._wanted.fields if not _given(subject, name)), *found]
        shown = (
            subject.output is not None
            or subject.tool_calls
            or (evaluator.target != "span" and subject.messages)
        )
        return found if shown else ["output", *found]


def decide(raw: RawSpan, evaluator: Evaluator, span: Callable[[], Span] | None = None) -> Decision:
    """Whether an evaluator of spans judges this one; `span` gives the normalised span when it is known.

    Draft, paused, budget and calls recorded twice are not looked at: these are not matters of the span alone.
    """
    return admission_of(evaluator).decide(Shown(raw, None, span))


def decide_target(reading: Reading, evaluator: Evaluator) -> Decision:
    """As `decide`, for a target that was read whole, with everything that came in the meantime."""
    kind = reading.target.kind
    if evaluator.target != kind:
        return _not_matched(f"it judges {evaluator.target}s, and this is a {kind}")
    if kind != "span":
        return admission_of(evaluator).decide_whole(reading)
    return admission_of(evaluator).decide(reading.shown)


def decide_unsampled(reading: Reading, evaluator: Evaluator) -> Decision:
    """As `decide_target`, with every target in the sample."""
    return decide_target(reading, unsampled(evaluator))


def decide_content(reading: Reading, evaluator: Evaluator) -> Decision:
    """As `decide_target`, for somebody who wants this very target judged: only what is missing counts."""
    if evaluator.target != reading.target.kind:
        return decide_target(reading, evaluator)
    return admission_of(evaluator).content(reading)


def unsampled(evaluator: Evaluator) -> Evaluator:
    """The same evaluator, of every matching target."""
    scope = evaluator.scope
    if scope.sampling >= 100:  # noqa: PLR2004  percent
        return evaluator
    return msgspec.structs.replace(evaluator, scope=msgspec.structs.replace(scope, sampling=100.0))


_known: dict[tuple[str, str], Admission] = {}


def admission_of(evaluator: Evaluator) -> Admission:
    """The compiled form of an evaluator, made once for each version."""
    key = (evaluator.name, evaluator.version)
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        found = _known[key] = Admission(evaluator)
    return found


def _chooses_kinds(attribute: str) -> bool:
    key = attribute.removeprefix("attributes.")
    return key in _CHOOSE_KINDS or key.endswith(_CHOOSE_KINDS_BY_END)


def _is_plumbing(facts: Facts, raw: RawSpan) -> bool:
    return facts.kind is not None and facts.operation is None and raw.parent_span_id != ""


def _failed(raw: RawSpan) -> Decision:
    kind = raw.attributes.get("error.type")
    named = f" ({kind[:80]})" if isinstance(kind, str) and kind else ""
    told = (
        f"it ended in an error{named}, so there is no quality to judge; a rule on status asks for such calls"
    )
    return Decision(judge=False, reason="span_error", detail=told)


def _not_matched(detail: str) -> Decision:
    return Decision(judge=False, reason="not_matched", detail=detail)


def _given(subject: Subject, name: str) -> bool:
    """Whether a prompt's variable has something to show; an empty output is something."""
    if name == "output":
        return subject.output is not None
    if name in _FIELDS:
        return subject.has(name)
    return bool(getattr(subject, name))


def _wanted(evaluator: Evaluator) -> Wanted:
    """What the prompt's variables name; `needs` says it of fields instead, when there are any."""
    fields: dict[str, None] = {}
    attributes: dict[tuple[str, str], None] = {}
    for variable in _variables(evaluator):
        if variable.source == "attribute":
            written = variable.name if variable.name in evaluator.variables else variable.key
            attributes[written, variable.key] = None
        else:
            fields[_WORDS.get(variable.key, variable.key)] = None
    return Wanted(tuple(fields), tuple(attributes))


def _variables(evaluator: Evaluator) -> Iterable[templates.Variable]:
    prompt = evaluator.prompt
    for text in (prompt.system, prompt.user) if prompt is not None else ():
        template, _ = templates.read(text, variables=evaluator.variables, target=evaluator.target)
        yield from template.variables
