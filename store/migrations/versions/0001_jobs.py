"""Jobs, their intents, idempotency keys, files, and the pictures that WeChat has."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ACTIVE = sa.text("state IN ('accepted', 'scheduled', 'running', 'waiting')")


def upgrade() -> None:
    _job()
    _intent()
    op.create_table(
        "idempotency",
        sa.Column("client_id", sa.String(32), primary_key=True),
        sa.Column("route", sa.String(120), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column(
            "job_id", sa.String(40), sa.ForeignKey("job.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("ix_idempotency_created", "idempotency", ["created_at"])
    op.create_table(
        "job_file",
        _job_id(),
        sa.Column("name", sa.String(512), primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "uploaded_image",
        sa.Column("account", sa.String(32), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("ix_uploaded_image_value", "uploaded_image", ["account", "value"])


def _job() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("checkpoint", sa.JSON, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("warnings", sa.JSON),
        sa.Column("result", sa.JSON),
        sa.Column("error", sa.JSON),
        sa.Column("run_at", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("lease_owner", sa.String(160)),
        sa.Column("lease_until", sa.Double),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_index("ix_job_due", "job", ["run_at"], sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)
    op.create_index("ix_job_client", "job", ["client_id", "id"])


def _intent() -> None:
    op.create_table(
        "intent",
        _job_id(),
        sa.Column("effect", sa.String(16), primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.JSON, nullable=False),
        sa.Column("owner", sa.String(160), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.Double, nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("answer", sa.JSON),
        sa.Column("media_id", sa.String(160)),
        sa.Column("article_id", sa.String(160)),
    )
    op.create_index("ix_intent_media", "intent", ["account", "media_id"], unique=True)
    op.create_index("ix_intent_article", "intent", ["account", "article_id"], unique=True)


def _job_id() -> "sa.Column[str]":
    return sa.Column(
        "job_id", sa.String(40), sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True
    )
