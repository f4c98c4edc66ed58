"""What happens, whom it is told to, and what is open."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from store.tables.base import Json, metadata

# An outbox: written with what it tells of, read once by whoever routes (notify/routing.py).
happening = Table(
    "happening",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("event", String(64), nullable=False),
    Column("account", String(32)),
    Column("key", String(200), nullable=False),
    Column("data", Json, nullable=False),
    Column("over", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("routed_at", Double),  # NULL: nobody has been told yet
)
_NEW = happening.c.routed_at.is_(None)
Index("ix_happening_new", happening.c.id, sqlite_where=_NEW, postgresql_where=_NEW)
Index("ix_happening_routed", happening.c.routed_at)

channel = Table(
    "channel",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("type", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # as in [[channels]]: it holds credentials
    Column("disabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),  # grows with each change: the ETag
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

# What the mail accounts of a channel have done, known to all processes.
mail_account = Table(
    "mail_account",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("day", String(10), nullable=False),  # YYYY-MM-DD that `sent` is of, Beijing time
    Column("sent", Integer, nullable=False),  # to so many recipients
    Column("turn", Double, nullable=False),  # how far it is ahead of its share: the least is next
    Column("failures", Integer, nullable=False),  # in a row
    Column("disabled_at", Double),
    Column("probe_at", Double),  # when it is tried again
    Column("error", Text),
    Column("updated_at", Double, nullable=False),
)

notification = Table(
    "notification",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("client_id", String(32)),  # who asked for it; NULL: a route
    Column("event", String(64)),  # NULL: somebody's own words
    Column("severity", String(16), nullable=False),
    Column("account", String(32)),
    Column("alert_id", String(40)),
    Column("channel", String(32), nullable=False),
    Column("recipients", Json, nullable=False),  # {to, cc, bcc, only, mention}
    Column("template", String(64)),
    Column("template_version", Integer),
    Column("content", Json, nullable=False),  # {subject, text, markdown, html, variables, url}
    Column("dedupe_key", String(200)),
    Column("content_hash", String(64), nullable=False),  # SHA-256 of channel, recipients, content
    # pending, held (quiet hours or digest), sent, dead, needs_review, suppressed, digested
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double, nullable=False),  # while it is being sent: until when
    Column("lease_owner", String(200)),  # who sends it
    Column("error", Text),  # why the last attempt failed
    Column("held_with", String(64)),  # of those that are held: the same ones go out together
    Column("digest_id", String(40)),  # the notification that carried this one
    Column("resend_of", String(40)),
    Column("key_hash", String(64)),  # of the caller's Idempotency-Key
    Column("body_hash", String(64)),  # of what came with it
    Column("created_at", Double, nullable=False),
    Column("done_at", Double),
)
# Not a partial one: SQLite would use it for none of the queries, whose states are parameters.
Index("ix_notification_due", notification.c.state, notification.c.channel, notification.c.next_at)
Index("ix_notification_idempotency", notification.c.key_hash, unique=True)
Index("ix_notification_client", notification.c.client_id, notification.c.id)
Index("ix_notification_state", notification.c.state, notification.c.id)
Index(
    "ix_notification_key",
    notification.c.channel,
    notification.c.dedupe_key,
    notification.c.created_at,
)
Index(
    "ix_notification_content",
    notification.c.channel,
    notification.c.content_hash,
    notification.c.created_at,
)
Index("ix_notification_digest", notification.c.digest_id)
Index("ix_notification_alert", notification.c.alert_id)
Index("ix_notification_channel", notification.c.channel, notification.c.created_at)
Index("ix_notification_created", notification.c.created_at)

# Written before an attempt and completed after it: one without an end may have been sent.
notification_attempt = Table(
    "notification_attempt",
    metadata,
    Column(
        "notification_id",
        String(40),
        ForeignKey("notification.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("channel", String(32), nullable=False),
    Column("sender", String(64)),  # which of several ways, such as the account of a mail pool
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("outcome", String(16)),  # sent, failed, unknown; NULL: under way
    Column("reference", String(200)),  # how the provider names it
    Column("error", Text),
)
Index("ix_attempt_rate", notification_attempt.c.channel, notification_attempt.c.began_at)

notification_file = Table(
    "notification_file",
    metadata,
    Column(
        "notification_id",
        String(40),
        ForeignKey("notification.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("client_id", String(32), nullable=False),
    Column("sha256", String(64), nullable=False),
    ForeignKeyConstraint(["client_id", "sha256"], ["file.client_id", "file.sha256"]),
)
Index("ix_notification_file_file", notification_file.c.client_id, notification_file.c.sha256)

# Files that callers sent to be attached, by the id that they were given.
upload = Table(
    "upload",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("client_id", String(32), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    ForeignKeyConstraint(["client_id", "sha256"], ["file.client_id", "file.sha256"]),
)
Index("ix_upload_file", upload.c.client_id, upload.c.sha256)
Index("ix_upload_expires", upload.c.expires_at)

alert = Table(
    "alert",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("event", String(64), nullable=False),
    Column("key", String(200), nullable=False),
    Column("account", String(32)),
    Column("severity", String(16), nullable=False),
    Column("state", String(16), nullable=False),  # open, acknowledged, resolved
    Column("data", Json, nullable=False),  # of its last happening
    Column("count", Integer, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("told_at", Double),  # NULL: people do not know of it yet
    Column("tell_at", Double),  # when telling them is tried, where a silence was in the way
    Column("over_at", Double),  # when it counts as over, unless it happens again before
    Column("acknowledged_at", Double),
    Column("acknowledged_by", String(80)),  # as the audit log names actors
    Column("note", String(500)),
    Column("resolved_at", Double),
    Column("resolved_by", String(80)),
    Column("reopened", Integer, nullable=False),  # how often it was over and began again
    Column("escalation", Integer, nullable=False),  # how often it was passed on
    Column("escalate_at", Double),  # NULL: never (again)
    Column("version", Integer, nullable=False),  # grows with each change: the ETag
)
_UNRESOLVED = alert.c.state != "resolved"
Index(
    "ix_alert_open",
    alert.c.event,
    alert.c.key,
    unique=True,
    sqlite_where=_UNRESOLVED,
    postgresql_where=_UNRESOLVED,
)
Index("ix_alert_key", alert.c.event, alert.c.key, alert.c.last_at)
Index("ix_alert_state", alert.c.state, alert.c.id)
Index("ix_alert_resolved", alert.c.resolved_at)

silence = Table(
    "silence",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("events", Json, nullable=False),  # names, with * at the end of one
    Column("account", String(32)),  # NULL: of any
    Column("key", String(200)),  # NULL: whatever it is about
    Column("reason", String(500), nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("starts_at", Double, nullable=False),
    Column("ends_at", Double, nullable=False),
)
Index("ix_silence_ends", silence.c.ends_at)

# Calls of an account in five minutes, summed over all processes: what is usual for it.
traffic = Table(
    "traffic",
    metadata,
    Column("account", String(32), primary_key=True),
    Column("at", Integer, primary_key=True, autoincrement=False),  # Unix time of its begin
    Column("calls", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("slow", Integer, nullable=False),  # longer than alerts.latency_ms
    Column("took_ms", Double, nullable=False),
)
Index("ix_traffic_at", traffic.c.at)
