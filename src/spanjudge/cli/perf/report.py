"""The report of `spanjudge perf` as text."""

from collections.abc import Iterator, Mapping

import msgspec

from spanjudge.cli.columns import columns, shortened
from spanjudge.cli.perf.estimate import Estimate, money
from spanjudge.cli.perf.figures import Agreed, Agreement, Completion, Latency, Outcomes
from spanjudge.judging.usage import Usage

LONGEST = 140
"""Characters of an explanation in a list."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of the judge. `cost_usd` is `None` when no price is known for some of it."""

    provider: str
    model: str
    calls: int
    retries: int
    failed: int
    most_at_once: int
    usage: Usage | None
    cost_usd: float | None


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """How the door was set up."""

    evaluators: dict[str, tuple[str, ...]]
    mode: str
    samples: int
    distinct: int
    workers: int
    queue_size: int
    timeout: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that was measured. `seconds` are from the first offer to the last evaluation."""

    setup: Setup
    judge: Judged
    estimate: Estimate | None
    completion: Completion
    outcomes: Outcomes
    exported: int
    seconds: float
    invocations_per_second: float
    results_per_second: float
    from_offer: Latency | None
    from_start: Latency | None
    agreement: Agreement
    failures: dict[str, str]
    stopped: str | None = None
    interrupted: bool = False

    @property
    def good(self) -> bool:
        """Whether anything was evaluated and nothing was lost."""
        return self.outcomes.results > 0 and self.completion.lost == 0 and self.stopped is None


def as_json(report: Report) -> str:
    """All of it, as one line of JSON."""
    return msgspec.json.encode(report).decode()


def text(report: Report, *, verbose: bool) -> str:
    """The report for a terminal; `verbose` lists the disagreements."""
    return "\n".join(_lines(report, verbose=verbose))


def _lines(report: Report, *, verbose: bool) -> Iterator[str]:
    setup, judge, done, came = report.setup, report.judge, report.completion, report.outcomes
    yield f"Judge        {judge.provider} {judge.model}"
    for name, metrics in setup.evaluators.items():
        yield (
            f"Evaluator    {name}, {setup.mode}: {', '.join(metrics)}"
            if name == "native"
            else (f"Evaluator    {name}: {', '.join(metrics)}")
        )
    again = f", {setup.distinct} different ones" if setup.distinct < setup.samples else ""
    yield (
        f"Samples      {setup.samples}{again}; {setup.workers} at once; "
        f"offered as the queue of {setup.queue_size} has room"
    )
    if report.stopped is not None:
        left = setup.samples - done.offered
        unoffered = f", {left} samples were not offered any more" if left else ""
        yield f"Stopped      {report.stopped}{unoffered}; this is what was measured until then"
    yield ""
    yield (
        f"Completion   {done.evaluated} of {done.offered} evaluated, {done.skipped} skipped, "
        f"{done.failed} with failures, {done.dropped} dropped, {done.given_up} given up"
        + (f", {done.missing} missing" if done.missing else "")
    )
    others = _counted("failures", came.failures) + _counted("skipped", came.skipped)
    yield f"Outcomes     {came.results} results{others}"
    yield f"Exported     {report.exported} events"
    for code, message in report.failures.items():
        yield f"             {code}: {shortened(message, LONGEST)}"
    yield (
        f"Throughput   {report.invocations_per_second:.3g} invocations/s, "
        f"{report.results_per_second:.3g} results/s in {report.seconds:.2f} s"
    )
    yield from _latency(report)
    yield from _spent(judge)
    yield from _agreement(report.agreement, verbose=verbose)


def _latency(report: Report) -> Iterator[str]:
    if report.from_offer is None or report.from_start is None:
        return
    yield ""
    head = ["Latency, s", "p50", "p90", "p95", "p99", "max"]
    rows = [
        [name, *(f"{value:.3f}" for value in msgspec.structs.astuple(found))]
        for name, found in (("from offer", report.from_offer), ("judging alone", report.from_start))
    ]
    yield from columns(head, rows)


def _spent(judge: Judged) -> Iterator[str]:
    yield ""
    yield (
        f"Judge calls  {judge.calls}, {judge.retries} of them retries; {judge.failed} questions failed; "
        f"{judge.most_at_once} at once at most"
    )
    if judge.usage is None:
        yield "Tokens       the provider does not say"
    else:
        each = judge.usage.input / max(1, judge.calls)
        yield f"Tokens       {judge.usage.input} read ({each:.0f} a call), {judge.usage.output} written"
    yield f"Cost         {money(judge.cost_usd)}"


def _agreement(found: Agreement, *, verbose: bool) -> Iterator[str]:
    yield ""
    if not found.overall.compared:
        yield "Agreement    no label to compare came back"
        return
    yield f"Agreement    {_share(found.overall)} labels as expected"
    yield ""
    yield from columns(
        ["metric", "as expected"], [[name, _share(one)] for name, one in found.metrics.items()]
    )
    yield ""
    yield from columns(
        ["category", "as expected"], [[name, _share(one)] for name, one in found.categories.items()]
    )
    if not found.disagreements:
        return
    yield ""
    if not verbose:
        yield "--verbose lists the labels that were not as expected."
        return
    head = ["sample", "category", "metric", "expected", "got", "explanation"]
    rows = [
        [
            one.sample,
            one.category,
            one.metric,
            one.expected,
            one.got,
            shortened(one.explanation or "", LONGEST),
        ]
        for one in found.disagreements
    ]
    yield from columns(head, rows)


def _share(found: Agreed) -> str:
    return f"{found.agreed} of {found.compared} ({found.agreed / found.compared:.0%})"


def _counted(title: str, found: Mapping[str, int]) -> str:
    if not found:
        return f", {title} none" if title == "failures" else ""
    each = ", ".join(f"{name} {count}" for name, count in sorted(found.items()))
    return f", {title} {sum(found.values())} ({each})"
