"""The schema. All times are Unix seconds; `store/migrations` must arrive at exactly this."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
)

# Jobs in these states are claimed when their `run_at` comes.
ACTIVE_STATES = ("accepted", "scheduled", "running", "waiting")

metadata = MetaData()
# JSON as text on PostgreSQL too: JSONB refuses NUL characters, which an article may hold.
_Json = JSON(none_as_null=True)

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
    Column("payload", _Json, nullable=False),  # what was asked for; never changes
    Column("checkpoint", _Json, nullable=False),  # how far the handler has come
    Column("progress", _Json, nullable=False),
    Column("warnings", _Json),
    Column("result", _Json),
    Column("error", _Json),
    Column("run_at", Double, nullable=False),  # the durable timer
    Column("attempts", Integer, nullable=False),  # starts since the last orderly end of a run
    Column("epoch", Integer, nullable=False),  # grows with each claim: the fencing number
    Column("version", Integer, nullable=False),  # grows with each change: the SSE event id
    Column("lease_owner", String(160)),
    Column("lease_until", Double),
    Column("cancel_requested", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)
_ACTIVE = job.c.state.in_(ACTIVE_STATES)
Index("ix_job_due", job.c.run_at, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)
# Written into the statement: with parameters no planner can tell that the index serves.
is_active = job.c.state.in_(
    bindparam("active", list(ACTIVE_STATES), expanding=True, literal_execute=True)
)
Index("ix_job_client", job.c.client_id, job.c.id)


def _job_id() -> Column[str]:
    return Column("job_id", String(40), ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)


intent = Table(
    "intent",
    metadata,
    _job_id(),
    Column("effect", String(16), primary_key=True),  # draft or submit
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("account", String(32), nullable=False),
    Column("fingerprint", _Json, nullable=False),
    Column("owner", String(160), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("sent_at", Double, nullable=False),
    # NULL: sent, and nobody knows what came of it. Else answered, adopted, refused, not_sent,
    # or absent (looked for, not there, superseded by the next attempt).
    Column("outcome", String(16)),
    Column("answer", _Json),
    # What it made. Unique: no two jobs can take the same draft or article for theirs.
    Column("media_id", String(160)),
    Column("article_id", String(160)),
)
Index("ix_intent_media", intent.c.account, intent.c.media_id, unique=True)
Index("ix_intent_article", intent.c.account, intent.c.article_id, unique=True)

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

job_file = Table(
    "job_file",
    metadata,
    _job_id(),
    Column("name", String(512), primary_key=True),  # the relative path that the Markdown uses
    Column("data", LargeBinary, nullable=False),
)

uploaded_image = Table(
    "uploaded_image",
    metadata,
    Column("account", String(32), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),  # article or material
    Column("value", Text, nullable=False),  # the URL on WeChat's host, or the media_id
    Column("created_at", Double, nullable=False),
)
Index("ix_uploaded_image_value", uploaded_image.c.account, uploaded_image.c.value)
