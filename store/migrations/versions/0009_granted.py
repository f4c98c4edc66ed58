"""The calls that processes on several hosts were granted, for the time in which Redis is away."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "granted",
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("calls", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("strict_until", sa.Double, nullable=False),
        sa.Column("over_at", sa.Double, nullable=False),
    )
