"""The spans of files as trees on a terminal: a line for each variable, and why a span is not judged."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from spanjudge.cli.columns import shortened
from spanjudge.cli.spans_seen import SeenSpan, Variable

_STYLES = {"resolved": "green", "empty": "yellow", "missing": "red", "cut": "magenta"}
_ALWAYS = ("input", "output")
"""Said to be missing on a line of their own; the others in one."""

_LONGEST_NAME = 60
_LONGEST_PREVIEW = 400
_REASONS = {
    "not_matched": "other than model calls",
    "no_content": "without content",
    "missing_variable": "without an output",
    "same_call": "recorded twice",
    "span_error": "failed",
    "own_telemetry": "the judge's own",
}


def show(console: Console, spans: Sequence[SeenSpan], *, full: bool, everything: bool) -> None:
    """Print the trees, trace by trace in order of start, and a line of summary.

    `full` shows texts whole. Spans that are not about GenAI stand there only where one that is stands below
    them, unless `everything` is wanted.
    """
    traces: dict[str, list[SeenSpan]] = {}
    for seen in spans:
        traces.setdefault(seen.span.trace_id, []).append(seen)
    for trace_id, members in traces.items():
        console.print(_trace(trace_id, members, full=full, everything=everything))
        console.print()
    console.print(Text(summary(spans)))


def summary(spans: Sequence[SeenSpan]) -> str:
    """How many spans there are, how many an evaluator without rules judges, and why not the others."""
    judged = sum(seen.decision.judge for seen in spans)
    traces = len({seen.span.trace_id for seen in spans})
    reasons = Counter(_reason(seen) for seen in spans if not seen.decision.judge)
    rest = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    there = f"{_counted(len(spans), 'span')} in {_counted(traces, 'trace')}."
    told = f"An evaluator without rules judges {judged}"
    return f"{there} {told}; of the others: {rest}." if rest else f"{there} {told}."


def _reason(seen: SeenSpan) -> str:
    if not seen.is_genai:
        return "not about GenAI"
    if seen.span.kind is not None:
        return "plumbing"
    return _REASONS.get(seen.decision.reason or "", seen.decision.reason or "")


def _trace(trace_id: str, members: Sequence[SeenSpan], *, full: bool, everything: bool) -> Tree:
    services = ", ".join(dict.fromkeys(seen.span.service for seen in members))
    head = Text.assemble(
        ("trace ", "bold"), (trace_id, "bold"), ("  ", ""), (shortened(services, 80), "cyan")
    )
    top = Tree(head, guide_style="dim")
    by_id = {seen.span.span_id: seen for seen in members}
    shown = {key for key, seen in by_id.items() if everything or seen.is_genai}
    for key in list(shown):
        shown |= set(_above(by_id, key))
    branches: dict[str, Tree] = {}
    for seen in _outside_in(members):
        if seen.span.span_id in shown:
            above = top if seen.root else branches.get(seen.span.parent_span_id, top)
            branches[seen.span.span_id] = above.add(_span(seen, full=full))
    left = len(by_id) - len(shown)
    if left:
        verb = "is" if left == 1 else "are"
        top.add(Text(f"and {_counted(left, 'span')} that {verb} not about GenAI (--all shows them)", "dim"))
    return top


def _above(by_id: dict[str, SeenSpan], key: str) -> Iterator[str]:
    passed = {key}
    seen = by_id[key]
    while not seen.root and seen.span.parent_span_id in by_id and seen.span.parent_span_id not in passed:
        seen = by_id[seen.span.parent_span_id]
        passed.add(seen.span.span_id)
        yield seen.span.span_id


def _outside_in(members: Sequence[SeenSpan]) -> Iterator[SeenSpan]:
    """Parents before their children, each level in order of start; circles of parents come last."""
    by_id = {seen.span.span_id: seen for seen in members}
    given: set[str] = set()
    waiting = [seen for seen in reversed(members) if seen.root]
    rest = list(members)
    while waiting or rest:
        seen = waiting.pop() if waiting else rest.pop(0)
        if seen.span.span_id in given:
            continue
        given.add(seen.span.span_id)
        yield seen
        children = (by_id[child.span_id] for child in seen.tree.children(seen.span) if child.span_id in by_id)
        waiting.extend(reversed(list(children)))


def _span(seen: SeenSpan, *, full: bool) -> RenderableType:
    span = seen.span
    title = Text(shortened(span.name, _LONGEST_NAME), "bold" if span.operation else "")
    title.append(f"  {span.operation or span.kind or 'not about GenAI'}", "cyan" if span.operation else "dim")
    title.append(f"  {span.span_id}", "dim")
    if not seen.is_genai:
        title.stylize("dim")
        return title
    lines: list[RenderableType] = [title]
    plumbing = span.kind is not None and not seen.root
    if not plumbing and (about := _about(seen)):
        lines.append(Text(about, "dim"))
    if not plumbing:
        lines.extend(_variables(seen.variables, full=full))
    if seen.decision.judge:
        lines.append(Text("judged", "green"))
    else:
        why = "not judged: " + seen.decision.detail
        if span.error:
            why += f" – {shortened(span.error, 200)}"
        lines.append(Text(why, "yellow"))
    lines.extend(Text(f"note: {note}", "italic") for note in span.notes if not plumbing)
    return Group(*lines)


def _about(seen: SeenSpan) -> str:
    span = seen.span
    models = dict.fromkeys(model for model in (span.request_model, span.response_model) if model)
    parts = [span.provider or span.framework or "", " → ".join(models)]
    if span.usage:
        parts.append(f"{_number(span.usage.input)} tokens in, {_number(span.usage.output)} out")
    if span.agent:
        parts.append(f"agent {shortened(span.agent, _LONGEST_NAME)}")
    if span.tool_name:
        parts.append(f"tool {shortened(span.tool_name, _LONGEST_NAME)}")
    if span.dialect:
        parts.append(f"read as {span.dialect}")
    return " · ".join(part for part in parts if part)


def _variables(variables: Iterable[Variable], *, full: bool) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, min_width=13)
    table.add_column(no_wrap=True, min_width=8)
    table.add_column(ratio=1, no_wrap=not full, overflow="fold" if full else "ellipsis")
    absent: list[str] = []
    for one in variables:
        if one.state == "missing" and one.name not in _ALWAYS:
            absent.append(one.name)
            continue
        table.add_row(Text(one.name), Text(one.state, _STYLES[one.state]), _value(one, full=full))
    yield table
    if absent:
        yield Text("missing: " + ", ".join(absent), "dim")


def _value(one: Variable, *, full: bool) -> Text:
    text = Text()
    if one.state == "cut":
        left = one.characters - one.sent
        text.append(f"{one.sent:,} of {one.characters:,} characters are sent, {left:,} less: ", "magenta")
    text.append(_printable(one.text) if full else shortened(one.text, _LONGEST_PREVIEW))
    return text


def _printable(text: str) -> str:
    """Nothing in a span may move the cursor of a terminal."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)


def _number(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
