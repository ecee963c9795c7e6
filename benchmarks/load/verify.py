"""Whether a store holds what a ledger says: `python -m benchmarks.load.verify --ledger FILE --database URL`.

Ends with 1 when a span that was acknowledged is not there, when a result was recorded twice, or when a job
that was finished has no result. Open jobs are counted, not blamed: they are still to be judged.
"""

import argparse
import sys
from pathlib import Path

import msgspec
import sqlalchemy
from sqlalchemy import text

from benchmarks.load import ledger

_TWICE = (
    "SELECT count(*) FROM (SELECT 1 FROM results GROUP BY target, evaluator, version, generation"
    " HAVING count(*) > 1) AS twice"
)
_WITHOUT_RESULT = (
    "SELECT count(*) FROM (SELECT target, evaluator, version, generation FROM jobs WHERE state = 2"
    " EXCEPT SELECT target, evaluator, version, generation FROM results) AS missing"
)


class Found(msgspec.Struct, frozen=True):
    """What a store holds. `lost` spans were acknowledged and are not there."""

    acknowledged: int
    stored: int
    lost: int
    results: int
    twice: int
    without_result: int
    open_jobs: int

    @property
    def is_well(self) -> bool:
        """Nothing is lost and nothing is there twice."""
        return not (self.lost or self.twice or self.without_result)


def verify(path: Path, url: str) -> Found:
    """Compare. `url` is a value of `SPANJUDGE_DATABASE_URL`."""
    engine = sqlalchemy.create_engine(_with_driver(url))
    try:
        with engine.connect() as connection:

            def count(question: str) -> int:
                return int(connection.execute(text(question)).scalar_one())

            rows = connection.execution_options(yield_per=10_000).execute(
                text("SELECT trace_id, span_id FROM spans")
            )
            wanted = ledger.read(path)
            stored = {(bytes(trace_id).hex(), bytes(span_id).hex()) for trace_id, span_id in rows}
            return Found(
                acknowledged=len(wanted),
                stored=len(stored),
                lost=len(wanted - stored),
                results=count("SELECT count(*) FROM results"),
                twice=count(_TWICE),
                without_result=count(_WITHOUT_RESULT),
                open_jobs=count("SELECT count(*) FROM jobs WHERE state IN (0, 1)"),
            )
    finally:
        engine.dispose()


def _with_driver(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if separator and scheme in {"postgresql", "postgres"} else url


def main() -> int:
    """Compare and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--database", required=True, help="as in SPANJUDGE_DATABASE_URL")
    options = parser.parse_args()
    found = verify(options.ledger, options.database)
    print(
        f"{found.acknowledged:,} spans acknowledged, {found.stored:,} stored, {found.lost} lost; "
        f"{found.results:,} results, {found.twice} recorded twice, {found.without_result} jobs finished "
        f"without one, {found.open_jobs:,} jobs open"
    )
    return 0 if found.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
