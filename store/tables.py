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
    # NULL: needs none. pending: claimed only once somebody has approved it; then given.
    Column("approval", String(16)),
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
    Column("kind", String(16), primary_key=True),  # article, cover, material or thumb
    Column("value", Text, nullable=False),  # the URL on WeChat's host, or the media_id
    Column("created_at", Double, nullable=False),
)
Index("ix_uploaded_image_value", uploaded_image.c.account, uploaded_image.c.value)

# A row a kind of thing that is kept in memory: its number grows with each change, in the same
# transaction, so that every process sees within seconds that it has to read anew.
revision = Table(
    "revision",
    metadata,
    Column("name", String(32), primary_key=True),  # as in store/revisions.py
    Column("number", Integer, nullable=False),
)

client = Table(
    "client",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("settings", _Json, nullable=False),  # as in [[clients]], without its keys
    Column("disabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),  # grows with each change: the ETag
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

client_key = Table(
    "client_key",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the key, hex
    Column("client_id", String(32), ForeignKey("client.id", ondelete="CASCADE"), nullable=False),
    Column("hint", String(8), nullable=False),  # its last characters, for people
    # The key itself under the master key, where requests are signed with it; else NULL.
    Column("sealed", LargeBinary),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
)
Index("ix_client_key_client", client_key.c.client_id)

# When a key was last used, of clients in the file too.
client_use = Table(
    "client_use",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the key, as in client_key
    Column("client_id", String(32), nullable=False),
    Column("used_at", Double, nullable=False),
    Column("ip", String(64)),
)

# A login by client_id and client_secret; its refresh tokens replace each other.
session = Table(
    "session",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("client_id", String(32), nullable=False),
    Column("key_digest", String(64), nullable=False),  # of the key it was opened with
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double),
)
Index("ix_session_client", session.c.client_id)
Index("ix_session_expires", session.c.expires_at)

refresh_token = Table(
    "refresh_token",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the token, hex
    Column("session_id", String(40), ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("used_at", Double),  # used again after that, it ends the session
)
Index("ix_refresh_token_session", refresh_token.c.session_id)

official_account = Table(
    "official_account",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("app_id", String(18), nullable=False, unique=True),
    Column("sealed", _Json, nullable=False),  # secrets by field, each sealed for account and field
    Column("settings", _Json, nullable=False),  # as in [[accounts]], without its secrets
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

# What WeChat lets an account do, as it was found out; of accounts in the file too.
capability = Table(
    "capability",
    metadata,
    Column("app_id", String(18), primary_key=True),
    Column("facts", _Json, nullable=False),
    Column("checked_at", Double, nullable=False),  # when somebody last set out to find out
)

# Triggers of migration 0003 refuse UPDATE and DELETE.
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("actor", String(80), nullable=False),  # client:<id>, cli:<user> or system
    Column("action", String(64), nullable=False),  # such as client.create, publish.submit
    Column("subject", String(200), nullable=False),  # what it was done to
    Column("account", String(32)),
    Column("entry", Text, nullable=False),  # the whole entry as JSON: what the hash is made of
    Column("hash", String(64), nullable=False),  # over the hash before and `entry`
)
Index("ix_audit_at", audit.c.at)
