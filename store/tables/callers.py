"""Clients, sessions, accounts, and the audit log."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from store.tables.base import Json, metadata

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
    Column("settings", Json, nullable=False),  # as in [[clients]], without its keys
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
    Column("sealed", Json, nullable=False),  # secrets by field, each sealed for account and field
    Column("settings", Json, nullable=False),  # as in [[accounts]], without its secrets
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

# What WeChat lets an account do, as it was found out; of accounts in the file too.
capability = Table(
    "capability",
    metadata,
    Column("app_id", String(18), primary_key=True),
    Column("facts", Json, nullable=False),
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
