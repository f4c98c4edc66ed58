"""Jobs, what they sent to WeChat, and the files that came with them."""

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
    and_,
    bindparam,
)

from store.tables.base import Json, metadata

# Jobs in these states are claimed when their `run_at` comes.
ACTIVE_STATES = ("accepted", "scheduled", "running", "waiting")

job = Table(
    "job",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("account", String(32), nullable=False),
    Column("client_id", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("action", String(16), nullable=False),  # how far to go: draft or publish
    # These two may hold a whole article each: whoever only shows jobs does not read them.
    Column("payload", Json, nullable=False),  # what was asked for; never changes
    Column("checkpoint", Json, nullable=False),  # how far the handler has come
    Column("progress", Json, nullable=False),
    Column("warnings", Json),
    Column("result", Json),
    Column("error", Json),
    Column("run_at", Double, nullable=False),  # the durable timer
    Column("poked", Boolean, nullable=False),  # something happened since it was claimed: look again
    Column("attempts", Integer, nullable=False),  # starts since the last orderly end of a run
    Column("epoch", Integer, nullable=False),  # grows with each claim: the fencing number
    Column("version", Integer, nullable=False),  # grows with each change: the SSE event id
    Column("lease_owner", String(160)),
    Column("lease_until", Double),
    Column("cancel_requested", Boolean, nullable=False),
    # NULL: needs none. pending: claimed only once somebody has approved it; then given.
    Column("approval", String(16)),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    # The batch that it is an item of, and its place there. `held`: the batch has not let it go.
    Column("parent_id", String(40)),
    Column("position", Integer),
    Column("held", Boolean, nullable=False),
    Column("schedule_id", String(40)),  # the schedule that made it, for its time `schedule_at`
    Column("schedule_at", Double),  # never changes: each time has one job
    Column("due_at", Double),  # when it was to begin; `run_at` moves
    Column("skip_after", Double),  # not sent by then, it is not done at all; NULL: however late
    # What at WeChat it is about from the outset: the media_id of a draft. One active job has it.
    Column("subject", String(160)),
    Column("content_hash", String(64)),  # of what would be published, to find repeats by
    Column("title", Text),  # for lists and searches, as far as it is known
    Column("search", Text),  # the title in lower case
    Column("error_code", String(64)),  # of `error`
)
_ACTIVE = job.c.state.in_(ACTIVE_STATES)
# All that the search for due jobs looks at: in SQLite what stands after `payload` and `checkpoint`
# is reached only by reading through them.
Index(
    "ix_job_due",
    *(job.c.run_at, job.c.account, job.c.id, job.c.state),
    *(job.c.held, job.c.approval, job.c.attempts, job.c.lease_until),
    sqlite_where=_ACTIVE,
    postgresql_where=_ACTIVE,
)
# Counting a batch's items and finding the next one reads nothing but the index.
_AN_ITEM = job.c.parent_id.is_not(None)
Index(
    "ix_job_parent",
    *(job.c.parent_id, job.c.position, job.c.held, job.c.state),
    sqlite_where=_AN_ITEM,
    postgresql_where=_AN_ITEM,
)
Index("ix_job_schedule", job.c.schedule_id, job.c.schedule_at, unique=True)
_HASHED = job.c.content_hash.is_not(None)
Index(
    "ix_job_content",
    *(job.c.account, job.c.content_hash, job.c.created_at),
    sqlite_where=_HASHED,
    postgresql_where=_HASHED,
)
_ACTIVE_SUBJECT = and_(_ACTIVE, job.c.subject.is_not(None))
Index(
    "ix_job_subject",
    job.c.account,
    job.c.subject,
    unique=True,
    sqlite_where=_ACTIVE_SUBJECT,
    postgresql_where=_ACTIVE_SUBJECT,
)
_ABOUT = job.c.subject.is_not(None)
Index("ix_job_about", job.c.account, job.c.subject, sqlite_where=_ABOUT, postgresql_where=_ABOUT)
# Written into the statement: with parameters no planner can tell that the index serves.
is_active = job.c.state.in_(
    bindparam("active", list(ACTIVE_STATES), expanding=True, literal_execute=True)
)
# All that lists look for, in their order: of the wide rows those of one page alone are read. One
# index, looked through: SQLite would take a narrower one and read each row that it names.
_ON_TOP = job.c.parent_id.is_(None)
Index(
    "ix_job_list",
    job.c.id,
    *(job.c.client_id, job.c.account, job.c.kind, job.c.state, job.c.approval),
    *(job.c.schedule_id, job.c.created_at, job.c.due_at, job.c.error_code, job.c.search),
    sqlite_where=_ON_TOP,
    postgresql_where=_ON_TOP,
)


def _job_id() -> Column[str]:
    return Column("job_id", String(40), ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)


intent = Table(
    "intent",
    metadata,
    _job_id(),
    Column("effect", String(16), primary_key=True),  # draft, submit, mass
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("account", String(32), nullable=False),
    Column("fingerprint", Json, nullable=False),
    Column("owner", String(160), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("sent_at", Double, nullable=False),
    # NULL: sent, and nobody knows what came of it. Else answered, adopted, refused, not_sent,
    # or absent (looked for, not there, superseded by the next attempt).
    Column("outcome", String(16)),
    Column("answer", Json),
    # What it made. Unique: no two jobs can take the same draft or article for theirs.
    Column("media_id", String(160)),
    Column("article_id", String(160)),
    # The publish_id or msg_id that WeChat took it under, and names in its event at the end.
    Column("receipt", String(160)),
)
Index("ix_intent_media", intent.c.account, intent.c.media_id, unique=True)
Index("ix_intent_article", intent.c.account, intent.c.article_id, unique=True)
Index("ix_intent_sent", intent.c.account, intent.c.effect, intent.c.sent_at)
Index("ix_intent_receipt", intent.c.account, intent.c.receipt)

idempotency = Table(
    "idempotency",
    metadata,
    Column("client_id", String(32), primary_key=True),
    Column("route", String(120), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("job_id", String(40), ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Double, nullable=False),
)
Index("ix_idempotency_created", idempotency.c.created_at)
Index("ix_idempotency_job", idempotency.c.job_id)

# Bytes that a client sent, once for all of its jobs; no client can name another's.
file = Table(
    "file",
    metadata,
    Column("client_id", String(32), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("used_at", Double, nullable=False),  # sent or asked for; long after, it is dropped
)
Index("ix_file_used", file.c.used_at)

job_file = Table(
    "job_file",
    metadata,
    _job_id(),
    Column("name", String(512), primary_key=True),  # the relative path that the Markdown uses
    Column("client_id", String(32), nullable=False),
    Column("sha256", String(64), nullable=False),
    ForeignKeyConstraint(["client_id", "sha256"], ["file.client_id", "file.sha256"]),
)
Index("ix_job_file_file", job_file.c.client_id, job_file.c.sha256)
