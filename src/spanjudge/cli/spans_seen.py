"""Spans of files as a judge would see them: every variable with its state, and why one is not judged."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

import msgspec

from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging import fence, truncate
from spanjudge.judging.material import documents_text, texts, tools_text
from spanjudge.judging.span_subject import subject_of
from spanjudge.judging.subject import Field, Subject
from spanjudge.pipeline.decision import Decision
from spanjudge.pipeline.match import Admission
from spanjudge.pipeline.subjects import Shown
from spanjudge.spans.messages import call_text, transcript
from spanjudge.spans.normalize import normalize
from spanjudge.spans.otlp import FileRead
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.span import Span
from spanjudge.spans.tree import SpanTree

State = Literal["resolved", "empty", "missing", "cut"]
"""`cut`: there is more than a judge is sent. `empty`: it is recorded, and there is nothing in it."""

FIELDS: tuple[Field, ...] = get_args(Field)

ANYTHING = Evaluator(name="anything", answer=Boolean(), rubric="Whatever there is to judge.")
"""An evaluator without a rule or a need: what it does not judge is judged by none without rules."""

PLUMBING = "it is plumbing of a framework below another span; of such spans only roots are judged"

_FORMATTING = ("PromptTemplate", "PromptBuilder", "OutputParser")
"""How steps are called that put texts together or take them apart, and do nothing else."""


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """One variable of a span; `characters` of its text, of which `sent` go to a judge."""

    name: str
    state: State
    text: str = ""
    characters: int = 0
    sent: int = 0


class SeenSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One span. `root`: its parent is not in the files."""

    raw: RawSpan
    span: Span
    tree: SpanTree
    variables: tuple[Variable, ...]
    decision: Decision
    root: bool
    same_call_as_parent: bool

    @property
    def is_genai(self) -> bool:
        """Whether it is about GenAI, plumbing included."""
        return self.span.operation is not None or self.span.kind is not None

    @property
    def is_step(self) -> bool:
        """Whether it is about GenAI and more than the formatting of a text."""
        return self.is_genai and not is_formatting(self.raw)


def seen_spans(reads: Sequence[FileRead], limit: int) -> list[SeenSpan]:
    """Every span of the files once, in order of start, with its log events whichever file they are in.

    `limit` is how many characters of a span a judge takes in all.
    """
    logs: dict[tuple[str, str], list[LogEvent]] = {}
    for log in (log for read in reads for log in read.logs):
        logs.setdefault((log.event.trace_id, log.event.span_id), []).append(log.event)
    raws = {(one.raw.trace_id, one.raw.span_id): one.raw for read in reads for one in read.spans}
    pairs = [
        (raw, normalize(raw, sorted(logs.get(key, ()), key=lambda event: event.time_ns)))
        for key, raw in raws.items()
    ]
    pairs.sort(key=lambda pair: pair[0].start_ns)
    by_trace: dict[str, list[Span]] = {}
    for _, span in pairs:
        by_trace.setdefault(span.trace_id, []).append(span)
    trees = {trace_id: SpanTree(spans) for trace_id, spans in by_trace.items()}
    admission = Admission(ANYTHING)
    return [_seen(raw, span, trees[span.trace_id], admission, limit) for raw, span in pairs]


def strangers(reads: Sequence[FileRead]) -> int:
    """Log events that belong to spans which are in none of the files."""
    known = {(one.raw.trace_id, one.raw.span_id) for read in reads for one in read.spans}
    return sum((log.event.trace_id, log.event.span_id) not in known for read in reads for log in read.logs)


def is_formatting(raw: RawSpan) -> bool:
    """Whether a span is a prompt's template or a parser of answers: texts are formatted, nothing happens."""
    kinds = (raw.attributes.get("langsmith.span.kind"), raw.attributes.get("openinference.span.kind"))
    if any(str(kind).lower() in ("prompt", "parser") for kind in kinds):
        return True
    return any(kind is not None for kind in kinds) and raw.name.endswith(_FORMATTING)


def _seen(raw: RawSpan, span: Span, tree: SpanTree, admission: Admission, limit: int) -> SeenSpan:
    subject = msgspec.structs.replace(subject_of(span, raw), context=tree.context_of(span))
    decision = admission.decide(Shown(raw, None, lambda: span, lambda: subject))
    if span.kind is not None and tree.parent(span) is not None:
        decision = Decision(judge=False, reason="not_matched", detail=PLUMBING)
    other = tree.judged_instead_of(span)
    if decision.judge and other is not None:
        told = f"the same call is recorded by “{other.name}” ({other.span_id}), which is judged"
        decision = Decision(judge=False, reason="same_call", detail=told)
    return SeenSpan(
        raw=raw,
        span=span,
        tree=tree,
        variables=tuple(_variables(subject, limit)),
        decision=decision,
        root=tree.parent(span) is None,
        same_call_as_parent=tree.same_call_as_parent(span),
    )


def _variables(subject: Subject, limit: int) -> Iterable[Variable]:
    """What of a subject is sent when all of it is shown: long fields are cut to what a judge takes."""
    whole = {name: fence.without_media(text) for name, text in texts(subject).items()}
    kept, cut = truncate.fit(whole, limit)
    recorded = _recorded(subject)
    for name in FIELDS:
        text = whole.get(name, recorded.get(name))
        if text is None:
            yield Variable(name=name, state="missing")
        elif not text.strip():
            yield Variable(name=name, state="empty")
        else:
            sent = len(kept.get(name, text))
            state: State = "cut" if name in cut else "resolved"
            yield Variable(name=name, state=state, text=text, characters=len(text), sent=sent)


def _recorded(subject: Subject) -> Mapping[str, str | None]:
    """Every field as text, also where a judge is shown it inside another one."""
    return {
        "input": subject.input,
        "output": subject.output,
        "messages": transcript(subject.messages) if subject.messages else None,
        "system_prompt": subject.system_prompt,
        "context": documents_text(subject.context) if subject.context else None,
        "expected": subject.expected,
        "tools": tools_text(subject.tools) if subject.tools else None,
        "tool_calls": "\n".join(map(call_text, subject.tool_calls)) if subject.tool_calls else None,
    }
