"""Tokens that were made, for all processes on one store."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; older processes go on with the tokens they know."""
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("expires_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="tokens that were made where the store is a server's: SHA-256, and what each may do",
    )


def downgrade() -> None:
    """Drop it: tokens that are in it open nothing any more."""
    op.drop_table("tokens")
