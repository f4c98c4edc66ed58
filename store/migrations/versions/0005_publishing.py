"""Batches, schedules, templates, pushes of WeChat, and what WeChat holds; files once a client."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_JSON = sa.JSON()
_ACTIVE = "state IN ('accepted', 'scheduled', 'running', 'waiting')"


def upgrade() -> None:
    _job()
    _files()
    _publishing()
    _push()
    _library()


def _job() -> None:
    # No foreign keys: SQLite would have to copy the table, and everything hangs on it.
    for column in (
        sa.Column("parent_id", sa.String(40)),
        sa.Column("position", sa.Integer),
        sa.Column("held", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("schedule_id", sa.String(40)),
        sa.Column("due_at", sa.Double),
        sa.Column("skip_after", sa.Double),
        sa.Column("subject", sa.String(160)),
        sa.Column("content_hash", sa.String(64)),
        sa.Column("title", sa.Text),
        sa.Column("search", sa.Text),
        sa.Column("error_code", sa.String(64)),
        sa.Column("poked", sa.Boolean, nullable=False, server_default=sa.false()),
    ):
        op.add_column("job", column)
    op.add_column("intent", sa.Column("receipt", sa.String(160)))
    op.create_index("ix_intent_sent", "intent", ["account", "effect", "sent_at"])
    op.create_index("ix_intent_receipt", "intent", ["account", "receipt"])
    op.drop_index("ix_job_due", "job")
    looked_at = ["run_at", "account", "id", "state", "held", "approval", "attempts", "lease_until"]
    active = sa.text(_ACTIVE)
    op.create_index("ix_job_due", "job", looked_at, sqlite_where=active, postgresql_where=active)
    op.create_index(
        "ix_job_parent",
        "job",
        ["parent_id", "position", "held", "state"],
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.drop_index("ix_job_client", "job")
    op.create_index("ix_idempotency_job", "idempotency", ["job_id"])
    op.create_index("ix_job_schedule", "job", ["schedule_id", "due_at"], unique=True)
    op.create_index(
        "ix_job_content",
        "job",
        ["account", "content_hash", "created_at"],
        sqlite_where=sa.text("content_hash IS NOT NULL"),
        postgresql_where=sa.text("content_hash IS NOT NULL"),
    )
    where = sa.text(f"{_ACTIVE} AND subject IS NOT NULL")
    op.create_index(
        "ix_job_subject",
        "job",
        ["account", "subject"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )

    op.create_index(
        "ix_job_about",
        "job",
        ["account", "subject"],
        sqlite_where=sa.text("subject IS NOT NULL"),
        postgresql_where=sa.text("subject IS NOT NULL"),
    )
    listed = ["id", "client_id", "account", "kind", "state", "approval"]
    op.create_index(
        "ix_job_list",
        "job",
        [*listed, "schedule_id", "created_at", "due_at", "error_code", "search"],
        sqlite_where=sa.text("parent_id IS NULL"),
        postgresql_where=sa.text("parent_id IS NULL"),
    )


def _files() -> None:
    op.create_table(
        "file",
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("used_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "sha256"),
    )
    op.create_index("ix_file_used", "file", ["used_at"])
    op.rename_table("job_file", "job_file_before")
    op.create_table(
        "job_file",
        sa.Column(
            "job_id", sa.String(40), sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("name", sa.String(512), primary_key=True),
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["client_id", "sha256"], ["file.client_id", "file.sha256"]),
    )
    op.create_index("ix_job_file_file", "job_file", ["client_id", "sha256"])
    _move_files(op.get_bind())
    op.drop_table("job_file_before")


def _move_files(connection: sa.Connection) -> None:
    """One file at a time: each may have megabytes."""
    keys = sa.text(
        "SELECT f.job_id, f.name, j.client_id, j.updated_at"
        " FROM job_file_before f JOIN job j ON j.id = f.job_id"
    )
    read = sa.text("SELECT data FROM job_file_before WHERE job_id = :job_id AND name = :name")
    keep = sa.text(
        "INSERT INTO file (client_id, sha256, size, data, used_at)"
        " VALUES (:client_id, :sha256, :size, :data, :used_at) ON CONFLICT DO NOTHING"
    )
    name = sa.text(
        "INSERT INTO job_file (job_id, name, client_id, sha256)"
        " VALUES (:job_id, :name, :client_id, :sha256)"
    )
    for job_id, path, client_id, used_at in connection.execute(keys).all():
        data = bytes(connection.execute(read, {"job_id": job_id, "name": path}).scalar_one())
        of = {"client_id": client_id, "sha256": hashlib.sha256(data).hexdigest()}
        connection.execute(keep, {**of, "size": len(data), "data": data, "used_at": used_at})
        connection.execute(name, {**of, "job_id": job_id, "name": path})


def _publishing() -> None:
    op.create_table(
        "source",
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("source_id", sa.String(512), nullable=False),
        sa.Column("media_id", sa.String(160), nullable=False),
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("account", "client_id", "source_id"),
    )
    op.create_table(
        "written_draft",
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("media_id", sa.String(160), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("account", "media_id"),
    )
    op.create_table(
        "schedule",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("work", _JSON, nullable=False),
        sa.Column("cron", sa.String(120)),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("next_at", sa.Double),
        sa.Column("if_late", sa.String(8), nullable=False),
        sa.Column("max_late_s", sa.Double, nullable=False),
        sa.Column("approval", sa.String(16)),
        sa.Column("last_at", sa.Double),
        sa.Column("last_job_id", sa.String(40)),
        sa.Column("skipped", sa.Integer, nullable=False),
        sa.Column("key_hash", sa.String(64)),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_schedule_account", "schedule", ["account", "id"])
    op.create_index("ix_schedule_key", "schedule", ["key_hash"], unique=True)
    _schedule_file()
    op.create_index(
        "ix_schedule_next",
        "schedule",
        ["next_at"],
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "template",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("current", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "template_version",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("variables", _JSON, nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("uses", _JSON, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["name"], ["template.name"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("name", "number"),
    )


def _schedule_file() -> None:
    of_schedule = sa.ForeignKey("schedule.id", ondelete="CASCADE")
    op.create_table(
        "schedule_file",
        sa.Column("schedule_id", sa.String(40), of_schedule, primary_key=True),
        sa.Column("name", sa.String(512), primary_key=True),
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["client_id", "sha256"], ["file.client_id", "file.sha256"]),
    )
    op.create_index("ix_schedule_file_file", "schedule_file", ["client_id", "sha256"])


def _push() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("dedupe_key", sa.String(200), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(160)),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("sealed", sa.Boolean, nullable=False),
        sa.Column("job_id", sa.String(40)),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_event_dedupe", "event", ["account", "dedupe_key"], unique=True)
    op.create_index("ix_event_received", "event", ["received_at"])
    op.create_index("ix_event_subject", "event", ["account", "type", "subject"])
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("accounts", _JSON, nullable=False),
        sa.Column("events", _JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("webhook_id", sa.String(40), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("body", _JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("done_at", sa.Double),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["next_at"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_delivery_webhook", "delivery", ["webhook_id", "id"])


def _library() -> None:
    op.create_table(
        "library",
        sa.Column("id", sa.String(160), nullable=False),
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("update_time", sa.Double, nullable=False),
        sa.Column("facts", _JSON, nullable=False),
        sa.Column("job_id", sa.String(40)),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", "account", "kind"),
    )
    listed = ["account", "kind", "update_time", "id", "type", "search"]
    op.create_index("ix_library_list", "library", listed)
    op.create_table(
        "library_sync",
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("shelf", sa.String(16), nullable=False),
        sa.Column("hidden", sa.Integer, nullable=False),
        sa.Column("synced_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("account", "shelf"),
    )
    op.create_table(
        "tag",
        sa.Column("account", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "subject", "name"),
    )
    op.create_index("ix_tag_name", "tag", ["kind", "name", "account", "subject"])
