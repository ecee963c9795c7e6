"""Outcomes as rows: columns that one filters by, and the whole as JSON."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from spanjudge.judging.result import EvaluationFailure, EvaluationResult
from spanjudge.store import tables
from spanjudge.store.bulk import Insert, Row
from spanjudge.store.judged import UNKNOWN, Judged, judged
from spanjudge.store.keys import further_ids, target_key, target_of, whole
from spanjudge.store.superseding import supersede
from spanjudge.telemetry.evaluated import Evaluated

COLUMNS = (
    "result_id",
    "target",
    "trace_id",
    "span_id",
    "kind",
    "evaluator",
    "version",
    "generation",
    "service",
    "response_id",
    "time_ns",
    "stored_ns",
    "verdict",
    "label",
    "score",
    "code",
    "judge_provider",
    "judge_model",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "duration",
    "outcome",
    "model",
    "operation",
    "session_id",
)
_insert = Insert(tables.results, *COLUMNS)
IDS = ("result_id", "target", "trace_id", "span_id")
PLAIN = ("id", "generation", "service", "response_id", "time_ns", "code", "outcome")
"""What an `Evaluated` is made of again."""

_encoder = msgspec.json.Encoder()
_result = msgspec.json.Decoder(EvaluationResult)
_failure = msgspec.json.Decoder(EvaluationFailure)


def evaluated_of(row: Sequence[Any]) -> Evaluated:
    """A row of `IDS` and `PLAIN`."""
    outcome = row[10].encode("utf-8")
    return Evaluated(
        id=row[0],
        target=target_of(row[1], row[2], row[3]),
        generation=row[5],
        service=row[6],
        response_id=row[7],
        time_ns=row[8],
        outcome=_result.decode(outcome) if row[9] is None else _failure.decode(outcome),
    )


def row_of(evaluated: Evaluated, now_ns: int, facts: Judged) -> Row:
    """A row of `COLUMNS`."""
    outcome, target = evaluated.outcome, evaluated.target
    used = outcome.usage
    verdict, label, score, code = None, None, None, None
    if isinstance(outcome, EvaluationFailure):
        code = outcome.code
    else:
        verdict, label, score = outcome.verdict, outcome.score_label, outcome.score_value
    return (
        bytes.fromhex(evaluated.id),
        target_key(target),
        *further_ids(target),
        target.kind,
        outcome.evaluator,
        outcome.evaluator_version,
        evaluated.generation,
        evaluated.service,
        evaluated.response_id,
        whole(evaluated.time_ns),
        now_ns,
        verdict,
        label,
        score,
        code,
        outcome.judge_provider,
        outcome.judge_model,
        used.input if used else None,
        used.output if used else None,
        outcome.cost_usd,
        outcome.duration,
        _encoder.encode(outcome).decode("utf-8"),
        *facts,
    )


def insert(connection: Connection, outcomes: Sequence[Evaluated], *, now_ns: int) -> int:
    """Store them; those that are there already stay as they are. How many were new.

    Each takes the place of an older one of its evaluator and target.
    """
    facts = judged(connection, [one.target for one in outcomes])
    rows = [row_of(one, now_ns, facts.get(target_key(one.target), UNKNOWN)) for one in outcomes]
    count = _insert(connection, rows)
    supersede(connection, {target_key(one.target) for one in outcomes})
    return count
