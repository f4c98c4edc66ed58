"""Schedules, templates, and the drafts that files became."""

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from store.tables.base import Json, metadata

# What a client's file became: the draft that the same source_id updates next time.
source = Table(
    "source",
    metadata,
    Column("account", String(32), primary_key=True),
    Column("client_id", String(32), primary_key=True),
    Column("source_id", String(512), primary_key=True),
    Column("media_id", String(160), nullable=False),
    Column("job_id", String(40), nullable=False),  # the last one that wrote it
    Column("updated_at", Double, nullable=False),
)

# What jobs of ours wrote into drafts last, so that the same is not written again.
written_draft = Table(
    "written_draft",
    metadata,
    Column("account", String(32), primary_key=True),
    Column("media_id", String(160), primary_key=True),
    Column("content_hash", String(64), nullable=False),  # SHA-256 of the articles as sent, hex
    Column("job_id", String(40), nullable=False),
    Column("updated_at", Double, nullable=False),
)

schedule = Table(
    "schedule",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account", String(32), nullable=False),
    Column("client_id", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    Column("state", String(16), nullable=False),  # active, paused, ended
    Column("work", Json, nullable=False),  # what its jobs do (jobs/schedule_work.py)
    Column("cron", String(120)),  # NULL: one time only
    Column("timezone", String(64), nullable=False),
    Column("next_at", Double),  # NULL: never again
    Column("if_late", String(8), nullable=False),  # publish or skip
    Column("max_late_s", Double, nullable=False),  # later than that is late
    Column("approval", String(16)),  # as in job
    Column("last_at", Double),
    Column("last_job_id", String(40)),
    Column("pause_reason", String(16)),  # why the gateway paused it; NULL: it did not
    Column("skipped", Integer, nullable=False),  # times that came and went without a job
    # The Idempotency-Key that made it, with client and account, and what was asked for; hashed.
    Column("key_hash", String(64)),
    Column("body_hash", String(64), nullable=False),
    Column("version", Integer, nullable=False),  # grows with each change: the ETag, the CAS
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)
_SCHEDULED = schedule.c.state == "active"
Index(
    "ix_schedule_next",
    schedule.c.next_at,
    sqlite_where=_SCHEDULED,
    postgresql_where=_SCHEDULED,
)
Index("ix_schedule_account", schedule.c.account, schedule.c.id)
Index("ix_schedule_key", schedule.c.key_hash, unique=True)

schedule_file = Table(
    "schedule_file",
    metadata,
    Column(
        "schedule_id", String(40), ForeignKey("schedule.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("name", String(512), primary_key=True),  # as in job_file
    Column("client_id", String(32), nullable=False),
    Column("sha256", String(64), nullable=False),
    ForeignKeyConstraint(["client_id", "sha256"], ["file.client_id", "file.sha256"]),
)
Index("ix_schedule_file_file", schedule_file.c.client_id, schedule_file.c.sha256)

template = Table(
    "template",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),  # article, message
    Column("current", Integer, nullable=False),  # the number of the version in use
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

template_version = Table(
    "template_version",
    metadata,
    Column("name", String(64), ForeignKey("template.name", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("variables", Json, nullable=False),
    Column("description", String(200), nullable=False),
    Column("uses", Json, nullable=False),  # templates it names: "footer", "footer@2"
    Column("note", String(200), nullable=False),
    Column("author", String(80), nullable=False),  # as the audit log names actors
    Column("created_at", Double, nullable=False),
)
