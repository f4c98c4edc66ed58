"""A schedule's job keeps the time it was made for; a schedule says why the gateway paused it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("job", sa.Column("schedule_at", sa.Double))
    op.execute("UPDATE job SET schedule_at = due_at WHERE schedule_id IS NOT NULL")
    op.drop_index("ix_job_schedule", "job")
    op.create_index("ix_job_schedule", "job", ["schedule_id", "schedule_at"], unique=True)
    op.add_column("schedule", sa.Column("pause_reason", sa.String(16)))
