"""Notifications and alerts; the replicas that share the work."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_JSON = sa.JSON()


def upgrade() -> None:
    _happenings()
    _notifications()
    _replicas()


def _happenings() -> None:
    op.create_table(
        "happening",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("account", sa.String(32)),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("data", _JSON, nullable=False),
        sa.Column("over", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("routed_at", sa.Double),
    )
    op.create_index(
        "ix_happening_new",
        "happening",
        ["id"],
        sqlite_where=sa.text("routed_at IS NULL"),
        postgresql_where=sa.text("routed_at IS NULL"),
    )
    op.create_index("ix_happening_routed", "happening", ["routed_at"])
    op.create_table(
        "alert",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("account", sa.String(32)),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("data", _JSON, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("first_at", sa.Double, nullable=False),
        sa.Column("last_at", sa.Double, nullable=False),
        sa.Column("told_at", sa.Double),
        sa.Column("tell_at", sa.Double),
        sa.Column("over_at", sa.Double),
        sa.Column("acknowledged_at", sa.Double),
        sa.Column("acknowledged_by", sa.String(80)),
        sa.Column("note", sa.String(500)),
        sa.Column("resolved_at", sa.Double),
        sa.Column("resolved_by", sa.String(80)),
        sa.Column("reopened", sa.Integer, nullable=False),
        sa.Column("escalation", sa.Integer, nullable=False),
        sa.Column("escalate_at", sa.Double),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_alert_key", "alert", ["event", "key", "last_at"])
    op.create_index(
        "ix_alert_open",
        "alert",
        ["event", "key"],
        unique=True,
        sqlite_where=sa.text("state != 'resolved'"),
        postgresql_where=sa.text("state != 'resolved'"),
    )
    op.create_index("ix_alert_resolved", "alert", ["resolved_at"])
    op.create_index("ix_alert_state", "alert", ["state", "id"])
    op.create_table(
        "silence",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("events", _JSON, nullable=False),
        sa.Column("account", sa.String(32)),
        sa.Column("key", sa.String(200)),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("starts_at", sa.Double, nullable=False),
        sa.Column("ends_at", sa.Double, nullable=False),
    )
    op.create_index("ix_silence_ends", "silence", ["ends_at"])
    op.create_table(
        "traffic",
        sa.Column("account", sa.String(32), primary_key=True),
        sa.Column("at", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("errors", sa.Integer, nullable=False),
        sa.Column("slow", sa.Integer, nullable=False),
        sa.Column("took_ms", sa.Double, nullable=False),
    )
    op.create_index("ix_traffic_at", "traffic", ["at"])


def _notifications() -> None:
    op.create_table(
        "channel",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "mail_account",
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.Column("turn", sa.Double, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("disabled_at", sa.Double),
        sa.Column("probe_at", sa.Double),
        sa.Column("error", sa.Text),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "notification",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("client_id", sa.String(32)),
        sa.Column("event", sa.String(64)),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("account", sa.String(32)),
        sa.Column("alert_id", sa.String(40)),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("recipients", _JSON, nullable=False),
        sa.Column("template", sa.String(64)),
        sa.Column("template_version", sa.Integer),
        sa.Column("content", _JSON, nullable=False),
        sa.Column("dedupe_key", sa.String(200)),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("lease_owner", sa.String(200)),
        sa.Column("error", sa.Text),
        sa.Column("held_with", sa.String(64)),
        sa.Column("digest_id", sa.String(40)),
        sa.Column("resend_of", sa.String(40)),
        sa.Column("key_hash", sa.String(64)),
        sa.Column("body_hash", sa.String(64)),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("done_at", sa.Double),
    )
    op.create_index("ix_notification_alert", "notification", ["alert_id"])
    op.create_index("ix_notification_channel", "notification", ["channel", "created_at"])
    op.create_index("ix_notification_client", "notification", ["client_id", "id"])
    op.create_index(
        "ix_notification_content", "notification", ["channel", "content_hash", "created_at"]
    )
    op.create_index("ix_notification_created", "notification", ["created_at"])
    op.create_index("ix_notification_digest", "notification", ["digest_id"])
    op.create_index("ix_notification_due", "notification", ["state", "channel", "next_at"])
    op.create_index("ix_notification_idempotency", "notification", ["key_hash"], unique=True)
    op.create_index("ix_notification_key", "notification", ["channel", "dedupe_key", "created_at"])
    op.create_index("ix_notification_state", "notification", ["state", "id"])
    op.create_table(
        "notification_attempt",
        sa.Column(
            "notification_id",
            sa.String(40),
            sa.ForeignKey("notification.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(64)),
        sa.Column("began_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("outcome", sa.String(16)),
        sa.Column("reference", sa.String(200)),
        sa.Column("error", sa.Text),
    )
    op.create_index("ix_attempt_rate", "notification_attempt", ["channel", "began_at"])
    op.create_table(
        "upload",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["client_id", "sha256"], ["file.client_id", "file.sha256"]),
    )
    op.create_index("ix_upload_expires", "upload", ["expires_at"])
    op.create_index("ix_upload_file", "upload", ["client_id", "sha256"])
    op.create_table(
        "notification_file",
        sa.Column(
            "notification_id",
            sa.String(40),
            sa.ForeignKey("notification.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["client_id", "sha256"], ["file.client_id", "file.sha256"]),
    )
    op.create_index("ix_notification_file_file", "notification_file", ["client_id", "sha256"])


def _replicas() -> None:
    op.create_table(
        "replica",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("executor", sa.String(200), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("config", sa.String(64), nullable=False),
        sa.Column("info", _JSON, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("beat_at", sa.Double, nullable=False),
        sa.Column("asked", sa.Boolean, nullable=False),
    )
    op.create_index("ix_replica_beat", "replica", ["beat_at"])
    op.create_table(
        "duty",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
    )
