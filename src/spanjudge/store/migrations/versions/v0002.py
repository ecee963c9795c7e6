"""What pages list and sum up: traces, and which outcome of an evaluator and a target is the current one."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

# A list of values in one column, each between two of these: char(31), the unit separator.
_LIST = """
    SELECT trace_id, '{mark}' || {joined}(value, '{mark}') || '{mark}' AS listed FROM (
        SELECT DISTINCT trace_id, replace({column}, '{mark}', ' ') AS value
        FROM spans WHERE coalesce({column}, '') <> '' ORDER BY trace_id, value
    ) AS each_value GROUP BY trace_id
"""

_MAKE_TRACES = """
INSERT INTO traces (
    trace_id, root_id, root_ns, has_root, name, service, services, operations, models, session_id,
    start_ns, end_ns, spans, errors
)
SELECT
    total.trace_id, root.span_id, root.start_ns, root.parent_span_id IS NULL, root.name, root.service,
    coalesce(services.listed, ''), coalesce(operations.listed, ''), coalesce(models.listed, ''),
    total.session_id, total.start_ns, total.end_ns, total.spans, total.errors
FROM (
    SELECT trace_id, min(session_id) AS session_id, min(start_ns) AS start_ns, max(end_ns) AS end_ns,
        count(*) AS spans, sum(CASE WHEN is_error THEN 1 ELSE 0 END) AS errors
    FROM spans GROUP BY trace_id
) AS total
JOIN (
    SELECT trace_id, span_id, parent_span_id, name, service, start_ns, row_number() OVER (
        PARTITION BY trace_id
        ORDER BY CASE WHEN parent_span_id IS NULL THEN 0 ELSE 1 END, start_ns, span_id
    ) AS place
    FROM spans
) AS root ON root.trace_id = total.trace_id AND root.place = 1
LEFT JOIN ({services}) AS services ON services.trace_id = total.trace_id
LEFT JOIN ({operations}) AS operations ON operations.trace_id = total.trace_id
LEFT JOIN ({models}) AS models ON models.trace_id = total.trace_id
ORDER BY total.start_ns
"""

# The last outcome that was stored is the one that counts.
_SUPERSEDE = """
UPDATE results SET current = (0 = 1) WHERE id NOT IN (
    SELECT max(id) FROM results GROUP BY target, evaluator
)
"""

_JUDGED_SPANS = """
UPDATE results SET
    model = (SELECT s.model FROM spans AS s WHERE {same}),
    operation = (SELECT s.operation FROM spans AS s WHERE {same}),
    session_id = (SELECT s.session_id FROM spans AS s WHERE {same})
WHERE kind = 'span'
"""
_SAME_SPAN = "s.trace_id = substr(results.target, 2, 16) AND s.span_id = substr(results.target, 18, 8)"

# The model of a trace is told where there is one only.
_JUDGED_TRACES = """
UPDATE results SET
    model = (
        SELECT CASE WHEN length(t.models) - length(replace(t.models, '{mark}', '')) = 2
            THEN replace(t.models, '{mark}', '') END
        FROM traces AS t WHERE t.trace_id = substr(results.target, 2)
    ),
    session_id = (SELECT t.session_id FROM traces AS t WHERE t.trace_id = substr(results.target, 2))
WHERE kind = 'trace'
"""
_JUDGED_SESSIONS = "UPDATE results SET session_id = CAST(substr(target, 2) AS TEXT) WHERE kind = 'session'"
_JUDGED_SESSIONS_POSTGRES = (
    "UPDATE results SET session_id = convert_from(substr(target, 2), 'UTF8') WHERE kind = 'session'"
)
_MARK = "\x1f"


def upgrade() -> None:
    """Add what is derived from spans and results, and derive it for what is stored."""
    op.create_table(
        "traces",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=False),
        sa.Column("root_id", sa.LargeBinary(), nullable=False),
        sa.Column("root_ns", sa.BigInteger(), nullable=False),
        sa.Column("has_root", sa.Boolean(), nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("service", _TEXT, nullable=False),
        sa.Column("services", _TEXT, nullable=False),
        sa.Column("operations", _TEXT, nullable=False),
        sa.Column("models", _TEXT, nullable=False),
        sa.Column("session_id", _TEXT, nullable=True),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("spans", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="what the spans of a trace come to; name and service of its root, else of its first span",
    )
    op.create_table(
        "budgets",
        sa.Column("evaluator", _TEXT, nullable=False),
        sa.Column("tokens_day", sa.BigInteger(), nullable=False),
        sa.Column("tokens_month", sa.BigInteger(), nullable=False),
        sa.Column("usd_day", sa.Float(), nullable=False),
        sa.Column("usd_month", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("evaluator"),
        comment="limits set on the page, which take the place of the settings'; "
        "without a name for all together",
    )
    _make_backfills()
    op.add_column("results", sa.Column("current", sa.Boolean(), nullable=False, server_default=sa.true()))
    for name in ("model", "operation", "session_id"):
        op.add_column("results", sa.Column(name, _TEXT, nullable=True))
    op.create_index("traces_ids", "traces", ["trace_id"], unique=True)
    if op.get_bind().execute(sa.text("SELECT 1 FROM spans UNION SELECT 1 FROM results")).first():
        _derive()
    _make_indexes()


def _make_backfills() -> None:
    op.create_table(
        "backfills",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("evaluator", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("cursor_ns", sa.BigInteger(), nullable=False),
        sa.Column("cursor_skip", sa.BigInteger(), nullable=False),
        sa.Column("examined", sa.BigInteger(), nullable=False),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="evaluators run over what is stored, newest first: cursor_ns is the start of what comes next,"
        " after cursor_skip of those that start then; done and failed are of jobs that were counted",
        sqlite_autoincrement=True,
    )
    op.add_column("jobs", sa.Column("overlooks", sa.SmallInteger(), nullable=True))
    op.add_column("jobs", sa.Column("backfill", sa.BigInteger(), nullable=True))
    op.create_index(
        "jobs_backfill",
        "jobs",
        ["backfill", "state"],
        unique=False,
        sqlite_where=sa.text("backfill IS NOT NULL"),
        postgresql_where=sa.text("backfill IS NOT NULL"),
    )


def _derive() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    joined = "group_concat" if is_sqlite else "string_agg"
    lists = {
        name: _LIST.format(column=name.removesuffix("s"), mark=_MARK, joined=joined)
        for name in ("services", "operations", "models")
    }
    for statement in (
        _MAKE_TRACES.format(**lists),
        _SUPERSEDE,
        _JUDGED_SPANS.format(same=_SAME_SPAN),
        _JUDGED_TRACES.format(mark=_MARK),
        _JUDGED_SESSIONS if is_sqlite else _JUDGED_SESSIONS_POSTGRES,
    ):
        op.execute(sa.text(statement))


def _make_indexes() -> None:
    op.create_index("traces_values", "traces", ["services", "models", "operations", "start_ns"], unique=False)
    op.create_index("traces_start", "traces", ["start_ns"], unique=False)
    op.create_index(
        "traces_session",
        "traces",
        ["session_id"],
        unique=False,
        sqlite_where=sa.text("session_id IS NOT NULL"),
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.create_index(
        "spans_start",
        "spans",
        ["start_ns", "service", "operation", "model", "trace_id", "span_id"],
        unique=False,
    )
    op.create_index(
        "results_values",
        "results",
        ["evaluator", "label", "code", "judge_model", "current", "time_ns"],
        unique=False,
    )
    op.create_index("results_evaluator", "results", ["evaluator", "time_ns", "code"], unique=False)
    op.create_index(
        "results_session",
        "results",
        ["session_id"],
        unique=False,
        sqlite_where=sa.text("session_id IS NOT NULL"),
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.create_index("results_time", "results", list(_OF_RESULTS), unique=False)


_OF_RESULTS = (
    "current",
    "time_ns",
    "evaluator",
    "verdict",
    "code",
    "label",
    "score",
    "service",
    "model",
    "operation",
    "judge_model",
    "kind",
    "target",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "duration",
)


def downgrade() -> None:
    """Drop what was derived."""
    for name in ("results_time", "results_session", "results_evaluator", "results_values"):
        op.drop_index(name, "results")
    op.drop_index("spans_start", "spans")
    for name in ("session_id", "operation", "model", "current"):
        op.drop_column("results", name)
    op.drop_index("jobs_backfill", "jobs")
    for name in ("overlooks", "backfill"):
        op.drop_column("jobs", name)
    op.drop_table("backfills")
    op.drop_table("budgets")
    op.drop_table("traces")
