"""Current outcomes of traces and spans: counted, and the worst of them by name."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection

from spanjudge.pipeline.listings import MOST_CHIPS, Chip, OutcomeWord, Verdicts
from spanjudge.store.bulk import Select
from spanjudge.store.keys import portions, span_keys_between

Key = TypeVar("Key")

_WORDS: tuple[OutcomeWord, ...] = ("fail", "none", "value", "pass")
"""By rank: the worst first."""

_RANK = (
    "CASE WHEN r.verdict = 'fail' THEN 0 WHEN r.code IS NOT NULL THEN 1"
    " WHEN r.verdict IS NULL THEN 2 ELSE 3 END"
)
_TOKENS = "coalesce(r.input_tokens, 0) + coalesce(r.output_tokens, 0)"
_OF_TRACE = "substr(r.target, 2, 16)"


def _counts(key: str, joined: str) -> str:
    return (
        f"{joined} SELECT {key} AS judged, {_RANK} AS ranked, count(*) AS found,"  # noqa: S608  # our own parts
        f" coalesce(sum(r.cost_usd), 0.0) AS cost, CAST(coalesce(sum({_TOKENS}), 0) AS BIGINT) AS tokens"
        " FROM wanted CROSS JOIN results AS r WHERE {0} AND r.current <> (1 = 0) GROUP BY judged, ranked"
    )


def _chips(key: str, joined: str) -> str:
    return (
        f"{joined} SELECT judged, result_id, evaluator, ranked, label, code, outcome, place FROM"  # noqa: S608  # our own parts
        f" (SELECT {key} AS judged, r.result_id, r.evaluator, {_RANK} AS ranked, r.label, r.code, r.outcome,"
        f" row_number() OVER (PARTITION BY {key} ORDER BY {_RANK}, r.evaluator, r.id) AS place"
        " FROM wanted CROSS JOIN results AS r WHERE {0} AND r.current <> (1 = 0)) AS placed"
        f" WHERE place <= {MOST_CHIPS}"
    )


_BETWEEN = "WITH wanted (first, last) AS :keys"
_IN_TRACE = "r.target >= wanted.first AND r.target <= wanted.last"
_EXACT = "r.target = wanted.first"
_JOBS = (
    f"{_BETWEEN} SELECT {{1}} AS judged, count(*) AS waiting FROM wanted CROSS JOIN jobs AS r"  # noqa: S608  # our own parts
    " WHERE {0} AND r.state < 2 GROUP BY judged"
)


class _Asked:
    """The three questions, for traces or for spans."""

    def __init__(self, key: str, where: str) -> None:
        self.counts = Select(
            _counts(key, _BETWEEN).format(where),
            ids=("judged",),
            plain=("ranked", "found", "cost", "tokens"),
            pairs="keys",
        )
        self.chips = Select(
            _chips(key, _BETWEEN).format(where),
            ids=("judged", "result_id"),
            plain=("evaluator", "ranked", "label", "code", "outcome", "place"),
            pairs="keys",
        )
        self.jobs = Select(_JOBS.format(where, key), ids=("judged",), plain=("waiting",), pairs="keys")


_traces = _Asked(_OF_TRACE, _IN_TRACE)
_spans = _Asked("r.target", _EXACT)


class _Value(msgspec.Struct):
    value: bool | str | float | None = None


_value = msgspec.json.Decoder(_Value)


def of_traces(connection: Connection, trace_ids: Sequence[str]) -> dict[str, Verdicts]:
    """Outcomes of the traces and their spans, by trace id; of sessions none."""
    keys = [
        pair
        for trace_id in map(bytes.fromhex, trace_ids)
        for pair in (span_keys_between(trace_id), (b"t" + trace_id, b"t" + trace_id))
    ]
    return _of(connection, _traces, keys, lambda judged: judged)


def of_spans(connection: Connection, spans: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Verdicts]:
    """Outcomes of spans, by trace and span id."""
    keys = [(key, key) for key in (b"s" + bytes.fromhex(trace + span) for trace, span in spans)]
    return _of(connection, _spans, keys, lambda judged: (judged[2:34], judged[34:]))


def _of(
    connection: Connection, asked: _Asked, keys: Sequence[tuple[bytes, bytes]], key_of: Callable[[str], Key]
) -> dict[Key, Verdicts]:
    counts: dict[str, list[list[Any]]] = {}
    chips: dict[str, list[list[Any]]] = {}
    waiting: dict[str, int] = {}
    for some in portions(keys, 256):
        for row in asked.counts(connection, keys=some):
            counts.setdefault(row[0], []).append(row)
        for row in asked.chips(connection, keys=some):
            chips.setdefault(row[0], []).append(row)
        for judged, count in asked.jobs(connection, keys=some):
            waiting[judged] = waiting.get(judged, 0) + count
    return {
        key_of(judged): _verdicts(counts.get(judged, ()), chips.get(judged, []), waiting.get(judged, 0))
        for judged in {**counts, **waiting}
    }


def _verdicts(counts: Sequence[list[Any]], chips: list[list[Any]], waiting: int) -> Verdicts:
    found = [0] * len(_WORDS)
    for row in counts:
        found[row[1]] += row[2]
    failed, none, valued, passed = found
    return Verdicts(
        passed=passed,
        failed=failed,
        valued=valued,
        none=none,
        waiting=waiting,
        cost_usd=sum(row[3] for row in counts),
        tokens=sum(row[4] for row in counts),
        chips=tuple(_chip(row) for row in sorted(chips, key=lambda row: row[7])),
    )


def _chip(row: Sequence[Any]) -> Chip:
    result_id, evaluator, rank, label, code, outcome = (row[place] for place in range(1, 7))
    return Chip(
        result_id=result_id,
        evaluator=evaluator,
        outcome=_WORDS[int(rank)],
        label=label,
        value=None if code else _value.decode(outcome).value,
        code=code,
    )
