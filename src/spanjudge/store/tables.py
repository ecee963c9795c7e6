"""The tables. Ids of traces and spans are bytes, times nanoseconds since 1970, small closed sets numbers.

Indexes of a part of the rows are told for SQLite alone: naming another database here imports its dialect.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

REVISION = "0005"
"""The newest migration: what a current database carries."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Every migration this version knows, oldest first."""

LINE = 1
"""Migrations only add, so that processes of the version before go on beside newer ones. The first one that
does not will begin a new line, and put its number into `meta` as `schema_line`.
"""

# SQLite gives a table its fast row id only under the type INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
    comment="counters: how many spans there are, the revision of the evaluators",
)

envelopes = Table(
    "envelopes",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("digest", LargeBinary, nullable=False),
    Column("uses", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("digest", name="envelopes_digest"),
    # Readers keep bodies in memory by id, so an id may never come back with another body.
    sqlite_autoincrement=True,
    comment="resource and scope of spans and logs, each once; uses counts the rows that point here",
)

spans = Table(
    "spans",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("trace_id", LargeBinary, nullable=False),
    Column("span_id", LargeBinary, nullable=False),
    Column("parent_span_id", LargeBinary),
    Column("service", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("operation", Text),
    Column("model", Text),
    Column("session_id", Text),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("is_error", Boolean, nullable=False),
    Column("received_ns", BigInteger, nullable=False),
    Column("envelope_id", BigInteger, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    comment="spans as received; the id is the order of arrival",
)
Index("spans_ids", spans.c.trace_id, spans.c.span_id, unique=True)
Index("spans_received", spans.c.received_ns)
# Lists are in order of start; what they filter by is here too, so that only rows of the page are read.
Index(
    "spans_start",
    spans.c.start_ns,
    spans.c.service,
    spans.c.operation,
    spans.c.model,
    spans.c.trace_id,
    spans.c.span_id,
)
for _name, _columns, _where in (
    ("spans_session", (spans.c.session_id,), "session_id IS NOT NULL"),
    ("spans_retrieval", (spans.c.trace_id,), "operation = 'retrieval'"),
):
    Index(_name, *_columns, sqlite_where=text(_where))

traces = Table(
    "traces",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("trace_id", LargeBinary, nullable=False),
    Column("root_id", LargeBinary, nullable=False),
    Column("root_ns", BigInteger, nullable=False),
    Column("has_root", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("services", Text, nullable=False),
    Column("operations", Text, nullable=False),
    Column("models", Text, nullable=False),
    Column("session_id", Text),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("spans", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    comment="what the spans of a trace come to; name and service of its root, else of its first span",
)
Index("traces_ids", traces.c.trace_id, unique=True)
Index("traces_start", traces.c.start_ns)
# Few different values stand here: what there is to filter by is counted along the index, without sorting.
Index("traces_values", traces.c.services, traces.c.models, traces.c.operations, traces.c.start_ns)
Index("traces_session", traces.c.session_id, sqlite_where=text("session_id IS NOT NULL"))

logs = Table(
    "logs",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("trace_id", LargeBinary, nullable=False),
    Column("span_id", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("received_ns", BigInteger, nullable=False),
    Column("envelope_id", BigInteger, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    comment="log records that belong to a span; the digest tells a redelivered one",
)
Index("logs_ids", logs.c.trace_id, logs.c.span_id, logs.c.digest, unique=True)
Index("logs_received", logs.c.received_ns)

jobs = Table(
    "jobs",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("target", LargeBinary, nullable=False),
    Column("trace_id", LargeBinary),
    Column("span_id", LargeBinary),
    Column("evaluator", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("content", SmallInteger, nullable=False),
    Column("model_call", Boolean, nullable=False),
    Column("parent", LargeBinary),
    Column("created_ns", BigInteger, nullable=False),
    Column("due_ns", BigInteger, nullable=False),
    Column("owner", Text),
    Column("reason", Text),
    Column("detail", Text, nullable=False),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("overlooks", SmallInteger),
    Column("backfill", BigInteger),
    # A lease that ran out must never be finished under the id of a later job.
    sqlite_autoincrement=True,
    comment="one evaluator version x one target; trace_id, span_id: where the target lacks them; overlooks:"
    " 1 sampling, 2 the scope too; backfill: which one made it, until its end is counted",
)
Index(
    "jobs_identity",
    jobs.c.target,
    jobs.c.evaluator,
    jobs.c.version,
    jobs.c.generation,
    unique=True,
)
for _name, _columns, _where in (
    # The state is in it so that the index alone can be counted: without it SQLite looks every row up.
    ("jobs_due", (jobs.c.evaluator, jobs.c.state, jobs.c.due_ns), "state = 0"),
    ("jobs_owner", (jobs.c.owner,), "state = 1"),
    ("jobs_parent", (jobs.c.parent,), "parent IS NOT NULL"),
    ("jobs_backfill", (jobs.c.backfill, jobs.c.state), "backfill IS NOT NULL"),
):
    Index(_name, *_columns, sqlite_where=text(_where))

backfills = Table(
    "backfills",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("evaluator", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("most", BigInteger, nullable=False),
    Column("sampled", Boolean, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("cursor_ns", BigInteger, nullable=False),
    Column("cursor_skip", BigInteger, nullable=False),
    Column("examined", BigInteger, nullable=False),
    Column("jobs", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("cost_usd", Float, nullable=False),
    # Jobs point here, and an id may not come back for another one.
    sqlite_autoincrement=True,
    comment="evaluators run over what is stored, newest first: cursor_ns is the start of what comes next,"
    " after cursor_skip of those that start then; done and failed are of jobs that were counted",
)

owners = Table(
    "owners",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("until_ns", BigInteger, nullable=False),
    comment="until when an owner keeps what it has leased",
)

windows = Table(
    "windows",
    metadata,
    Column("target", LargeBinary, primary_key=True),
    Column("trace_id", LargeBinary),
    Column("span_id", LargeBinary),
    Column("generation", Integer, nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("due_ns", BigInteger),
    comment="traces and sessions; due_ns is empty while nothing new is to be judged",
)
for _name, _columns, _where in (
    ("windows_due", (windows.c.due_ns,), "due_ns IS NOT NULL"),
    ("windows_closed", (windows.c.last_ns,), "due_ns IS NULL"),
):
    Index(_name, *_columns, sqlite_where=text(_where))

evaluators = Table(
    "evaluators",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("published_ns", BigInteger),
    Column("reason", Text, nullable=False),
    Column("paused_by", Text, nullable=False),
    Column("retry_ns", BigInteger),
    UniqueConstraint("name", "number", name="evaluators_number"),
    comment="every version of every evaluator, as JSON",
)

results = Table(
    "results",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("result_id", LargeBinary, nullable=False),
    Column("target", LargeBinary, nullable=False),
    Column("trace_id", LargeBinary),
    Column("span_id", LargeBinary),
    Column("kind", Text, nullable=False),
    Column("evaluator", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("service", Text, nullable=False),
    Column("response_id", Text),
    Column("time_ns", BigInteger, nullable=False),
    Column("stored_ns", BigInteger, nullable=False),
    Column("verdict", Text),
    Column("label", Text),
    Column("score", Float),
    Column("code", Text),
    Column("judge_provider", Text),
    Column("judge_model", Text),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cost_usd", Float),
    Column("duration", Float, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("current", Boolean, nullable=False, server_default=true()),
    Column("model", Text),
    Column("operation", Text),
    Column("session_id", Text),
    # The outbox points here, and an id may not come back for another result.
    sqlite_autoincrement=True,
    comment="columns to filter by, and the whole outcome as JSON; code only of failures;"
    " model, operation and session_id are of what was judged; a newer outcome of evaluator and target"
    " takes current away",
)
Index("results_ids", results.c.result_id, unique=True)
Index("results_target", results.c.target)
Index("results_stored", results.c.stored_ns)
Index("results_evaluator", results.c.evaluator, results.c.time_ns, results.c.code)
Index(
    "results_values",
    results.c.evaluator,
    results.c.label,
    results.c.code,
    results.c.judge_model,
    results.c.current,
    results.c.time_ns,
)
Index("results_session", results.c.session_id, sqlite_where=text("session_id IS NOT NULL"))
# Sums and filters over many results read this alone: a row with its explanation is several times as long.
Index(
    "results_time",
    results.c.current,
    results.c.time_ns,
    results.c.evaluator,
    results.c.verdict,
    results.c.code,
    results.c.label,
    results.c.score,
    results.c.service,
    results.c.model,
    results.c.operation,
    results.c.judge_model,
    results.c.kind,
    results.c.target,
    results.c.input_tokens,
    results.c.output_tokens,
    results.c.cost_usd,
    results.c.duration,
)

usage = Table(
    "usage",
    metadata,
    Column("day", Text, primary_key=True),
    Column("evaluator", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("input", BigInteger, nullable=False),
    Column("output", BigInteger, nullable=False),
    Column("cached", BigInteger, nullable=False),
    Column("cache_write", BigInteger, nullable=False),
    Column("reasoning", BigInteger, nullable=False),
    Column("cost_usd", Float, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("results", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    comment="what each evaluator used of each judge model on each day",
)

budgets = Table(
    "budgets",
    metadata,
    Column("evaluator", Text, primary_key=True),
    Column("tokens_day", BigInteger, nullable=False),
    Column("tokens_month", BigInteger, nullable=False),
    Column("usd_day", Float, nullable=False),
    Column("usd_month", Float, nullable=False),
    comment="limits set on the page, which take the place of the settings'; without a name for all together",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("destination", Text, nullable=False),
    Column("result", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_ns", BigInteger, nullable=False),
    sqlite_autoincrement=True,
    comment="results on their way to a destination",
)
Index("outbox_due", outbox.c.destination, outbox.c.due_ns)
Index("outbox_result", outbox.c.result)

members = Table(
    "members",
    metadata,
    Column("id", Text, primary_key=True),
    Column("roles", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("version", Text, nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("seen_ns", BigInteger, nullable=False),
    Column("until_ns", BigInteger, nullable=False),
    Column("figures", Text, nullable=False),
    comment="processes on this store, each until its heartbeats stop; figures is JSON, of itself",
)

duties = Table(
    "duties",
    metadata,
    Column("name", Text, primary_key=True),
    Column("member", Text, nullable=False),
    Column("until_ns", BigInteger, nullable=False),
    comment="what one process at a time does, and until when it is its own",
)

grants = Table(
    "grants",
    metadata,
    Column("evaluator", Text, primary_key=True),
    Column("member", Text, primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("usd", Float, nullable=False),
    Column("until_ns", BigInteger, nullable=False),
    comment="parts of budgets that processes hold: reserved, spent and not stored yet, or to spare",
)

judge_states = Table(
    "judge_states",
    metadata,
    Column("judge", Text, primary_key=True),
    Column("until_ns", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("member", Text, nullable=False),
    comment="judge models that nobody asks until then, because their provider said so",
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger),
    comment="tokens that were made where the store is a server's: SHA-256, and what each may do",
)
