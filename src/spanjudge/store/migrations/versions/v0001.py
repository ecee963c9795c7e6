"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Sorted and compared as SQLite and Python do it, whatever the language of a server.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TABLES = (
    "outbox",
    "usage",
    "results",
    "evaluators",
    "windows",
    "owners",
    "jobs",
    "logs",
    "spans",
    "envelopes",
    "meta",
)


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "envelopes",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", name="envelopes_digest"),
        comment="resource and scope of spans and logs, each once; uses counts the rows that point here",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "evaluators",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("definition", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("published_ns", sa.BigInteger(), nullable=True),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("paused_by", _TEXT, nullable=False),
        sa.Column("retry_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", "number", name="evaluators_number"),
        comment="every version of every evaluator, as JSON",
    )
    op.create_table(
        "jobs",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=True),
        sa.Column("span_id", sa.LargeBinary(), nullable=True),
        sa.Column("evaluator", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("content", sa.SmallInteger(), nullable=False),
        sa.Column("model_call", sa.Boolean(), nullable=False),
        sa.Column("parent", sa.LargeBinary(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("due_ns", sa.BigInteger(), nullable=False),
        sa.Column("owner", _TEXT, nullable=True),
        sa.Column("reason", _TEXT, nullable=True),
        sa.Column("detail", _TEXT, nullable=False),
        sa.Column("error_code", _TEXT, nullable=True),
        sa.Column("error_message", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="one evaluator version x one target; trace_id, span_id: where the target lacks them",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "jobs_due",
        "jobs",
        ["evaluator", "state", "due_ns"],
        unique=False,
        sqlite_where=sa.text("state = 0"),
        postgresql_where=sa.text("state = 0"),
    )
    op.create_index("jobs_identity", "jobs", ["target", "evaluator", "version", "generation"], unique=True)
    op.create_index(
        "jobs_owner",
        "jobs",
        ["owner"],
        unique=False,
        sqlite_where=sa.text("state = 1"),
        postgresql_where=sa.text("state = 1"),
    )
    op.create_index(
        "jobs_parent",
        "jobs",
        ["parent"],
        unique=False,
        sqlite_where=sa.text("parent IS NOT NULL"),
        postgresql_where=sa.text("parent IS NOT NULL"),
    )
    op.create_table(
        "logs",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=False),
        sa.Column("span_id", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received_ns", sa.BigInteger(), nullable=False),
        sa.Column("envelope_id", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="log records that belong to a span; the digest tells a redelivered one",
    )
    op.create_index("logs_ids", "logs", ["trace_id", "span_id", "digest"], unique=True)
    op.create_index("logs_received", "logs", ["received_ns"], unique=False)
    op.create_table(
        "meta",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        comment="counters: how many spans there are, the revision of the evaluators",
    )
    op.create_table(
        "outbox",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("destination", _TEXT, nullable=False),
        sa.Column("result", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="results on their way to a destination",
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_due", "outbox", ["destination", "due_ns"], unique=False)
    op.create_index("outbox_result", "outbox", ["result"], unique=False)
    op.create_table(
        "owners",
        sa.Column("owner", _TEXT, nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner"),
        comment="until when an owner keeps what it has leased",
    )
    op.create_table(
        "results",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("result_id", sa.LargeBinary(), nullable=False),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=True),
        sa.Column("span_id", sa.LargeBinary(), nullable=True),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("evaluator", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("service", _TEXT, nullable=False),
        sa.Column("response_id", _TEXT, nullable=True),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("stored_ns", sa.BigInteger(), nullable=False),
        sa.Column("verdict", _TEXT, nullable=True),
        sa.Column("label", _TEXT, nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("code", _TEXT, nullable=True),
        sa.Column("judge_provider", _TEXT, nullable=True),
        sa.Column("judge_model", _TEXT, nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("outcome", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="columns to filter by, and the whole outcome as JSON; code only of failures",
        sqlite_autoincrement=True,
    )
    op.create_index("results_ids", "results", ["result_id"], unique=True)
    op.create_index("results_stored", "results", ["stored_ns"], unique=False)
    op.create_index("results_target", "results", ["target"], unique=False)
    op.create_table(
        "spans",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=False),
        sa.Column("span_id", sa.LargeBinary(), nullable=False),
        sa.Column("parent_span_id", sa.LargeBinary(), nullable=True),
        sa.Column("service", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("operation", _TEXT, nullable=True),
        sa.Column("model", _TEXT, nullable=True),
        sa.Column("session_id", _TEXT, nullable=True),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("is_error", sa.Boolean(), nullable=False),
        sa.Column("received_ns", sa.BigInteger(), nullable=False),
        sa.Column("envelope_id", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="spans as received; the id is the order of arrival",
    )
    op.create_index("spans_ids", "spans", ["trace_id", "span_id"], unique=True)
    op.create_index("spans_received", "spans", ["received_ns"], unique=False)
    op.create_index(
        "spans_retrieval",
        "spans",
        ["trace_id"],
        unique=False,
        sqlite_where=sa.text("operation = 'retrieval'"),
        postgresql_where=sa.text("operation = 'retrieval'"),
    )
    op.create_index(
        "spans_session",
        "spans",
        ["session_id"],
        unique=False,
        sqlite_where=sa.text("session_id IS NOT NULL"),
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.create_table(
        "usage",
        sa.Column("day", _TEXT, nullable=False),
        sa.Column("evaluator", _TEXT, nullable=False),
        sa.Column("provider", _TEXT, nullable=False),
        sa.Column("model", _TEXT, nullable=False),
        sa.Column("input", sa.BigInteger(), nullable=False),
        sa.Column("output", sa.BigInteger(), nullable=False),
        sa.Column("cached", sa.BigInteger(), nullable=False),
        sa.Column("cache_write", sa.BigInteger(), nullable=False),
        sa.Column("reasoning", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("results", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "evaluator", "provider", "model"),
        comment="what each evaluator used of each judge model on each day",
    )
    op.create_table(
        "windows",
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=True),
        sa.Column("span_id", sa.LargeBinary(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("first_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_ns", sa.BigInteger(), nullable=False),
        sa.Column("due_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("target"),
        comment="traces and sessions; due_ns is empty while nothing new is to be judged",
    )
    op.create_index(
        "windows_closed",
        "windows",
        ["last_ns"],
        unique=False,
        sqlite_where=sa.text("due_ns IS NULL"),
        postgresql_where=sa.text("due_ns IS NULL"),
    )
    op.create_index(
        "windows_due",
        "windows",
        ["due_ns"],
        unique=False,
        sqlite_where=sa.text("due_ns IS NOT NULL"),
        postgresql_where=sa.text("due_ns IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop every table."""
    for name in _TABLES:
        op.drop_table(name)
