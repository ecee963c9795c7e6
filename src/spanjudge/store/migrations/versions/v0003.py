"""What processes on one store tell each other: who is there, who does what, who may spend how much."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nothing that is stored changes, so older processes may go on beside it."""
    op.create_table(
        "members",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("seen_ns", sa.BigInteger(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="processes on this store, each until its heartbeats stop; figures is JSON, of itself",
    )
    op.create_table(
        "duties",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        comment="what one process at a time does, and until when it is its own",
    )
    op.create_table(
        "grants",
        sa.Column("evaluator", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("usd", sa.Float(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("evaluator", "member"),
        comment="parts of budgets that processes hold: reserved, spent and not stored yet, or to spare",
    )
    op.create_table(
        "judge_states",
        sa.Column("judge", sa.Text(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("judge"),
        comment="judge models that nobody asks until then, because their provider said so",
    )


def downgrade() -> None:
    """Drop them: whoever runs now tells everything again with its next heartbeat."""
    for name in ("judge_states", "grants", "duties", "members"):
        op.drop_table(name)
