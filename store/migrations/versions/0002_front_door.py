"""Clients, their keys and sessions, official accounts, capabilities, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("job", sa.Column("approval", sa.String(16)))
    op.create_table(
        "revision",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
    )
    _clients()
    _sessions()
    _accounts()
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("account", sa.String(32)),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_audit_at", "audit", ["at"])


def _clients() -> None:
    op.create_table(
        "client",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "client_key",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column(
            "client_id",
            sa.String(32),
            sa.ForeignKey("client.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("hint", sa.String(8), nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double),
    )
    op.create_index("ix_client_key_client", "client_key", ["client_id"])
    op.create_table(
        "client_use",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("used_at", sa.Double, nullable=False),
        sa.Column("ip", sa.String(64)),
    )


def _sessions() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("client_id", sa.String(32), nullable=False),
        sa.Column("key_digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("revoked_at", sa.Double),
    )
    op.create_index("ix_session_client", "session", ["client_id"])
    op.create_index("ix_session_expires", "session", ["expires_at"])
    op.create_table(
        "refresh_token",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column(
            "session_id",
            sa.String(40),
            sa.ForeignKey("session.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double),
    )
    op.create_index("ix_refresh_token_session", "refresh_token", ["session_id"])


def _accounts() -> None:
    op.create_table(
        "official_account",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("app_id", sa.String(18), nullable=False, unique=True),
        sa.Column("sealed", sa.JSON, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "capability",
        sa.Column("app_id", sa.String(18), primary_key=True),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("checked_at", sa.Double, nullable=False),
    )
