"""What the processes have in common while Redis is away; times are the database's own."""

from sqlalchemy import BigInteger, Column, Double, LargeBinary, String, Table

from store.tables.base import metadata

# Of an account: its newest access_token, and who may fetch the next. 0 and "": none yet.
token = Table(
    "token",
    metadata,
    Column("app_id", String(32), primary_key=True),
    Column("epoch", BigInteger, nullable=False),  # of two tokens the higher one is newer
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("lease_epoch", BigInteger, nullable=False),  # the last that was handed out
    Column("lease_owner", String(32), nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("forced_until", Double, nullable=False),  # until then no new one may be forced
)
