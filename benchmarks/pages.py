"""What pages ask the server, with 100,000 traces stored, beside Phoenix with the same data.

    python -m benchmarks.pages [--phoenix PYTHON] [--cache FOLDER] [--traces 100000] [--rounds 15]

Lists of 50 rows over HTTP, one question after the other and never the same twice in a row; milliseconds at
the median and at 95 of 100. `--cache` keeps the filled databases for the next time.
"""

import argparse
import json
import platform
import sqlite3
import statistics
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.page_peer import Phoenix, same_as_sent
from benchmarks.page_store import fill, start_of
from benchmarks.page_traces import EVALUATORS, MODELS, SERVICES, trace
from benchmarks.process import Process, free_port
from benchmarks.settings import TOKEN, settings

MOST_MS = 150
_DAY = 86_400
_NS = 1_000_000_000

_ROWS = """query($id: ID!, $filter: String, $range: TimeRange) { node(id: $id) { ... on Project {
  spans(first: 50, sort: {col: startTime, dir: desc}, filterCondition: $filter, timeRange: $range) {
    edges { node { spanId name startTime latencyMs statusCode spanKind tokenCountTotal trace { traceId }
      input { truncatedValue } output { truncatedValue }
      spanAnnotationSummaries { name meanScore labelFractions { label fraction } } } }
    pageInfo { endCursor hasNextPage } } } } }"""
_TRACE = """query($id: ID!, $trace: ID!) { node(id: $id) { ... on Project { trace(traceId: $trace) {
  numSpans latencyMs spans(first: 1000) { edges { node { spanId parentId name spanKind startTime latencyMs
    statusCode tokenCountTotal spanAnnotationSummaries { name meanScore } } } } } } } }"""
_SUMMARY = (
    '{0}: spanAnnotationSummary(annotationName: "{0}", timeRange: $range)'
    " {{ meanScore labelFractions {{ label fraction }} }}"
)
_STATISTICS = (
    "query($id: ID!, $range: TimeRange) { node(id: $id) { ... on Project { traceCount(timeRange: $range) "
    + " ".join(_SUMMARY.format(name) for name in EVALUATORS)
    + " } } }"
)


class Question(NamedTuple):
    """The same question to both; each round asks it of something else. None: the peer cannot answer it."""

    name: str
    ours: Callable[[int], tuple[str, Mapping[str, str]]]
    peers: Callable[[int], tuple[str, Mapping[str, Any]]] | None


def questions(traces: int, start_ns: int) -> list[Question]:
    """What people ask of a list."""

    def at(share: float) -> str:
        moment = start_ns / _NS + share * traces * 6
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def window(number: int) -> tuple[str, str]:
        begin = 0.1 + 0.05 * (number % 15)
        return at(begin), at(begin + 0.1)

    def listed(**query: str) -> tuple[str, Mapping[str, str]]:
        return "traces", {name.rstrip("_"): value for name, value in query.items()}

    def rows(condition: str, span: tuple[str, str] | None = None) -> tuple[str, Mapping[str, Any]]:
        return _ROWS, {"filter": condition, "range": {"start": span[0], "end": span[1]} if span else None}

    def one_of(values: tuple[str, ...], number: int) -> str:
        return values[number % len(values)]

    def poor(number: int) -> str:
        return f"annotations['{one_of(EVALUATORS, number)}'].label == 'poor'"

    topics = ("refund", "delivery", "invoice", "password", "voucher", "warranty", "complaint")
    return [
        Question("first page", lambda _: listed(), lambda _: rows("parent_id is None")),
        Question("service", lambda n: listed(service=one_of(SERVICES, n)), None),
        Question(
            "model",
            lambda n: listed(model=one_of(MODELS, n)),
            lambda n: rows(f"llm.model_name == '{one_of(MODELS, n)}'"),
        ),
        Question("any verdict fail", lambda _: listed(verdict="fail"), None),
        Question("no verdict", lambda _: listed(verdict="none"), None),
        Question(
            "evaluator and verdict",
            lambda n: listed(evaluator=one_of(EVALUATORS, n), verdict="fail"),
            lambda n: rows(poor(n)),
        ),
        Question(
            "evaluator and score",
            lambda n: listed(evaluator=one_of(EVALUATORS, n), max_score="0.02"),
            lambda n: rows(f"annotations['{one_of(EVALUATORS, n)}'].score <= 0.02"),
        ),
        Question(
            "time",
            lambda n: listed(from_=window(n)[0], to=window(n)[1]),
            lambda n: rows("parent_id is None", window(n)),
        ),
        Question(
            "text",
            lambda n: listed(text=one_of(topics, n)),
            lambda n: rows(f"'{one_of(topics, n)}' in input.value"),
        ),
        Question(
            "time, model, evaluator, verdict",
            lambda n: listed(
                from_=window(n)[0],
                to=window(n)[1],
                model=one_of(MODELS, n),
                evaluator=one_of(EVALUATORS, n),
                verdict="fail",
            ),
            lambda n: rows(f"llm.model_name == '{one_of(MODELS, n)}' and {poor(n)}", window(n)),
        ),
        Question(
            "one trace",
            lambda n: (f"traces/{trace(traces - 1 - n * 97, start_ns).trace_id}", {}),
            lambda n: (_TRACE, {"trace": trace(traces - 1 - n * 97, start_ns).trace_id}),
        ),
        Question(
            "statistics of all evaluators",
            lambda n: ("statistics", {"from": window(n)[0], "to": at(1.0)}),
            lambda n: (_STATISTICS, {"range": {"start": window(n)[0], "end": at(1.0)}}),
        ),
    ]


def get(port: int, path: str, query: Mapping[str, str]) -> dict[str, Any]:
    """One request to our API."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(query)}",
        headers={"authorization": f"Bearer {TOKEN}"},
    )
    with urllib.request.urlopen(asked) as answer:  # noqa: S310  # our own address
        return json.load(answer)


def timed(ask: Callable[[int], object], rounds: int) -> list[float]:
    """Milliseconds of each round, sorted; one round before that is not counted."""
    ask(rounds)
    found: list[float] = []
    for number in range(rounds):
        began = time.perf_counter()
        ask(number)
        found.append(1000 * (time.perf_counter() - began))
    return sorted(found)


def rare_text(port: int, text: str) -> tuple[float, int]:
    """Milliseconds until a text that one old trace holds is found, and how many requests that took."""
    began, query, requests = time.perf_counter(), {"text": text}, 0
    while True:
        page = get(port, "traces", query)
        requests += 1
        if page["items"] or page["next_cursor"] is None:
            return 1000 * (time.perf_counter() - began), requests
        query["cursor"] = page["next_cursor"]


def ours(database: Path) -> tuple[Process, int]:
    """Our server on a filled database."""
    port = free_port()
    process = Process(
        *("-m", "spanjudge", "serve"),
        core=None,
        environment=settings(
            database.parent,
            judge_port=9,
            O2_JUDGE_HOST="127.0.0.1",
            O2_JUDGE_PORT=str(port),
            SPANJUDGE_DATABASE_URL=f"sqlite:///{database}",
        ),
    )
    process.wait_for(port, b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n", 60)
    return process, port


def first_start(database: Path) -> int:
    """When the first trace of a filled database started."""
    file = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    (found,) = file.execute("SELECT min(start_ns) FROM traces").fetchone()
    file.close()
    return found


async def filled(folder: Path, traces: int) -> tuple[Path, int]:
    """The database, and when its first trace starts."""
    database = folder / f"pages-{traces}.db"
    if not database.exists():
        print(f"storing {traces:,} traces")
        await fill(database, traces, start_ns=start_of(traces))
    return database, first_start(database)


def filled_peer(python: str, folder: Path, traces: int, start_ns: int) -> Phoenix:
    """The peer with the same traces."""
    place = folder / f"phoenix-{traces}"
    phoenix = Phoenix(python, place)
    mark = place / "filled"
    if not mark.exists():
        place.mkdir(parents=True, exist_ok=True)
        with phoenix.start() as process:
            phoenix.ready(process)
            # One that is not among those to be asked for.
            if not same_as_sent(phoenix, start_ns, traces + 1_000):
                raise RuntimeError("phoenix stores a trace otherwise than this benchmark would")
        print(f"storing {traces:,} traces in phoenix")
        phoenix.fill(traces, start_ns)
        mark.touch()
    return phoenix


def answered(phoenix: Phoenix, question: Question, number: int) -> None:
    """Ask the peer. Raises `RuntimeError` when it has no rows where we have some."""
    if question.peers is None:
        return
    query, variables = question.peers(number)
    found = phoenix.ask(query, **variables)
    if query is _ROWS and not found["spans"]["edges"]:
        raise RuntimeError(f"phoenix has nothing for “{question.name}”: {variables}")


def told(times: list[float]) -> str:
    """Median and the 95th of 100."""
    return f"{statistics.median(times):,.0f} / {times[min(len(times) - 1, int(0.95 * len(times)))]:,.0f}"


async def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--phoenix", default="", metavar="PYTHON", help="an interpreter that has arize-phoenix"
    )
    parser.add_argument("--cache", type=Path, help="a folder for the filled databases")
    parser.add_argument("--traces", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.cache or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        database, start_ns = await filled(folder, options.traces)
        phoenix = filled_peer(options.phoenix, folder, options.traces, start_ns) if options.phoenix else None
        measure(database, start_ns, phoenix, options.traces, options.rounds)


def measure(database: Path, start_ns: int, phoenix: Phoenix | None, traces: int, rounds: int) -> None:
    """Ask both, one after the other, and print a line for each question."""
    process, port = ours(database)
    peer = phoenix.start() if phoenix else None
    try:
        if phoenix and peer:
            phoenix.ready(peer)
        print(f"\nPython {platform.python_version()}, {traces:,} traces; ms at the median / at 95 of 100\n")
        print("| question | ours | phoenix | ratio |\n|---|---|---|---|")
        medians: list[float] = []
        for question in questions(traces, start_ns):
            mine = timed(lambda n, q=question: get(port, *q.ours(n)), rounds)
            medians.append(statistics.median(mine))
            theirs = "", ""
            if phoenix and question.peers is not None:
                times = timed(lambda n, q=question: answered(phoenix, q, n), rounds)
                theirs = told(times), f"{statistics.median(times) / medians[-1]:.1f}×"
            print(f"| {question.name} | {told(mine)} | {theirs[0]} | {theirs[1]} |", flush=True)
        text = f"case {traces // 2 + 7}:"
        took, requests = rare_text(port, text)
        theirs = "", ""
        if phoenix:
            began = time.perf_counter()
            phoenix.ask(_ROWS, filter=f"'{text}' in output.value", range=None)
            seconds = 1000 * (time.perf_counter() - began)
            theirs = f"{seconds:,.0f}", f"{seconds / took:.1f}×"
        print(f"| text of one old trace, {requests} requests | {took:,.0f} | {theirs[0]} | {theirs[1]} |")
        whole = statistics.median(medians)
        print(f"\nmedian over all questions: {whole:.0f} ms (limit {MOST_MS} ms)")
    finally:
        process.__exit__(None, None, None)
        if peer:
            peer.__exit__(None, None, None)


if __name__ == "__main__":
    import asyncio

    asyncio.run(main())
