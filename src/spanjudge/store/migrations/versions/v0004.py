"""On PostgreSQL: spans, log records and results in partitions of time, so that retention drops whole ones.

Nothing changes on SQLite. Ids of spans and results are unique by how they are stored, not by an index any
more: see `spanjudge.store.postgres`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_DAY = 86_400_000_000_000
# Table, column it is partitioned by, and how long a partition is.
_PARTITIONED = (
    ("spans", "received_ns", _DAY),
    ("logs", "received_ns", _DAY),
    ("results", "stored_ns", 7 * _DAY),
)
_INDEXES = {
    "spans": (
        "CREATE INDEX spans_ids ON spans (trace_id, span_id)",
        "CREATE INDEX spans_span ON spans (span_id)",
        "CREATE INDEX spans_received ON spans (received_ns)",
        "CREATE INDEX spans_start ON spans (start_ns)",
        "CREATE INDEX spans_session ON spans (session_id) WHERE session_id IS NOT NULL",
        "CREATE INDEX spans_retrieval ON spans (trace_id) WHERE operation = 'retrieval'",
    ),
    "logs": (
        "CREATE INDEX logs_ids ON logs (trace_id, span_id, digest)",
        "CREATE INDEX logs_received ON logs (received_ns)",
    ),
    "results": (
        "CREATE INDEX results_ids ON results (result_id)",
        "CREATE INDEX results_target ON results (target)",
        "CREATE INDEX results_stored ON results USING brin (stored_ns)",
        "CREATE INDEX results_evaluator ON results (evaluator, time_ns, code)",
        "CREATE INDEX results_time ON results (current, time_ns)",
        "CREATE INDEX results_session ON results (session_id) WHERE session_id IS NOT NULL",
    ),
}
# As they were before, to go back.
_INDEXES_BEFORE = {
    "spans": (
        "CREATE UNIQUE INDEX spans_ids ON spans (trace_id, span_id)",
        "CREATE INDEX spans_received ON spans (received_ns)",
        "CREATE INDEX spans_start ON spans (start_ns, service, operation, model, trace_id, span_id)",
        "CREATE INDEX spans_session ON spans (session_id) WHERE session_id IS NOT NULL",
        "CREATE INDEX spans_retrieval ON spans (trace_id) WHERE operation = 'retrieval'",
    ),
    "logs": (
        "CREATE UNIQUE INDEX logs_ids ON logs (trace_id, span_id, digest)",
        "CREATE INDEX logs_received ON logs (received_ns)",
    ),
    "results": (
        "CREATE UNIQUE INDEX results_ids ON results (result_id)",
        "CREATE INDEX results_target ON results (target)",
        "CREATE INDEX results_stored ON results (stored_ns)",
        "CREATE INDEX results_values ON results (evaluator, label, code, judge_model, current, time_ns)",
        "CREATE INDEX results_evaluator ON results (evaluator, time_ns, code)",
        "CREATE INDEX results_session ON results (session_id) WHERE session_id IS NOT NULL",
        (
            "CREATE INDEX results_time ON results (current, time_ns, evaluator, verdict, code, label, score,"
            " service, model, operation, judge_model, kind, target, input_tokens, output_tokens, cost_usd,"
            " duration)"
        ),
    ),
}
# In the order in which jobs are leased: those of one backfill are all due at the same time.
_DUE = "CREATE INDEX jobs_due ON jobs (evaluator, due_ns, id) WHERE state = 0"
_DUE_BEFORE = "CREATE INDEX jobs_due ON jobs (evaluator, state, due_ns) WHERE state = 0"
# Rows of these change several times in a short life.
_BUSY = ("jobs", "outbox", "windows", "traces", "meta", "usage", "owners", "envelopes")


def upgrade() -> None:
    """Partition what is large, and note what takes the place of the lost indexes."""
    if op.get_bind().dialect.name == "sqlite":
        return
    _run("ALTER TABLE traces ADD COLUMN received_ns bigint")
    _run(
        "UPDATE traces SET received_ns = first.received_ns FROM"
        " (SELECT trace_id, min(received_ns) AS received_ns FROM spans GROUP BY trace_id) AS first"
        " WHERE first.trace_id = traces.trace_id"
    )
    _run("CREATE INDEX traces_received ON traces (received_ns)")
    # Texts of senders are too long for an index of this database.
    _run("DROP INDEX traces_values")
    _run("ALTER TABLE envelopes ADD COLUMN seen_ns bigint")
    _run(
        "UPDATE envelopes SET seen_ns = (SELECT max(received_ns) FROM"
        " (SELECT received_ns FROM spans UNION ALL SELECT received_ns FROM logs) AS stored)"
    )
    for table, column, length in _PARTITIONED:
        _partition(table, column, length)
    _run(
        "INSERT INTO meta (name, value) SELECT 'bytes:0', coalesce(sum(400 + length(blob)), 0) FROM"
        " (SELECT blob FROM spans UNION ALL SELECT blob FROM logs) AS stored"
    )
    _run("DROP INDEX jobs_due")
    _run(_DUE)
    for table in _BUSY:
        _run(
            f"ALTER TABLE {table} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,"
            " autovacuum_vacuum_threshold = 2000)"
        )


def _partition(table: str, column: str, length: int) -> None:
    _move_away(table)
    _run(
        f"CREATE TABLE {table} (LIKE {table}_before INCLUDING DEFAULTS INCLUDING COMMENTS,"
        f" PRIMARY KEY (id, {column})) PARTITION BY RANGE ({column})"
    )
    _run(f"CREATE TABLE {table}_other PARTITION OF {table} DEFAULT")
    for index in _INDEXES[table]:
        _run(index)
    numbers = f"SELECT DISTINCT {column} / {length} FROM {table}_before ORDER BY 1"  # noqa: S608  # our own names
    for number in op.get_bind().execute(sa.text(numbers)).scalars().all():
        first, last = number * length, (number + 1) * length
        _run(f"CREATE TABLE {table}_{number} PARTITION OF {table} FOR VALUES FROM ({first}) TO ({last})")
    _move_back(table)


def downgrade() -> None:
    """Put everything into plain tables again."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for table in _BUSY:
        _run(
            f"ALTER TABLE {table} RESET"
            " (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)"
        )
    _run("DROP INDEX jobs_due")
    _run(_DUE_BEFORE)
    for table, _, _ in _PARTITIONED:
        _move_away(table)
        _run(
            f"CREATE TABLE {table} (LIKE {table}_before INCLUDING DEFAULTS INCLUDING COMMENTS,"
            " PRIMARY KEY (id))"
        )
        for index in _INDEXES_BEFORE[table]:
            _run(index)
        _move_back(table)
    _run(
        "UPDATE envelopes SET uses = (SELECT count(*) FROM spans WHERE envelope_id = envelopes.id)"
        " + (SELECT count(*) FROM logs WHERE envelope_id = envelopes.id)"
    )
    _run("ALTER TABLE envelopes DROP COLUMN seen_ns")
    _run("DROP INDEX traces_received")
    _run("ALTER TABLE traces DROP COLUMN received_ns")
    _run("CREATE INDEX traces_values ON traces (services, models, operations, start_ns)")
    _run("DELETE FROM meta WHERE name = 'spans' OR name LIKE 'spans:%' OR name LIKE 'bytes:%'")
    _run("INSERT INTO meta (name, value) SELECT 'spans', count(*) FROM spans")


def _move_away(table: str) -> None:
    _run(f"ALTER TABLE {table} RENAME TO {table}_before")
    found = op.get_bind().execute(
        sa.text("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = :name ::regclass"),
        {"name": f"{table}_before"},
    )
    for index in found.scalars().all():
        _run(f"ALTER INDEX {index} RENAME TO {index}_before")


def _move_back(table: str) -> None:
    _run(f"INSERT INTO {table} SELECT * FROM {table}_before")  # noqa: S608  # our own names
    _run(f"ALTER SEQUENCE {table}_id_seq OWNED BY {table}.id")
    _run(f"DROP TABLE {table}_before")


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
