"""What WeChat pushes, and whom it is told to."""

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

# Messages and events that WeChat pushed.
event = Table(
    "event",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account", String(32), nullable=False),
    Column("dedupe_key", String(200), nullable=False),  # WeChat sends one up to four times
    Column("type", String(64), nullable=False),  # MsgType, or Event of an event
    Column("subject", String(160)),  # publish_id or MsgID: what a job is found by
    Column("body", Json, nullable=False),
    Column("sealed", Boolean, nullable=False),  # came encrypted, so it is WeChat's word for sure
    Column("job_id", String(40)),  # the job it was joined with
    Column("received_at", Double, nullable=False),
)
Index("ix_event_dedupe", event.c.account, event.c.dedupe_key, unique=True)
Index("ix_event_subject", event.c.account, event.c.type, event.c.subject)
Index("ix_event_received", event.c.received_at)

webhook = Table(
    "webhook",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("client_id", String(32), nullable=False),  # whose accounts it hears of
    Column("url", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # what deliveries are signed with
    Column("accounts", Json, nullable=False),
    Column("events", Json, nullable=False),  # types, with * at the end of one
    Column("state", String(16), nullable=False),  # active, disabled
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("webhook_id", String(40), ForeignKey("webhook.id", ondelete="CASCADE"), nullable=False),
    Column("type", String(64), nullable=False),
    Column("body", Json, nullable=False),
    Column("state", String(16), nullable=False),  # pending, delivered, dead
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("error", Text),  # why the last attempt failed
    Column("created_at", Double, nullable=False),
    Column("done_at", Double),  # when it was delivered or given up
)
_PENDING = delivery.c.state == "pending"
Index("ix_delivery_due", delivery.c.next_at, sqlite_where=_PENDING, postgresql_where=_PENDING)
Index("ix_delivery_webhook", delivery.c.webhook_id, delivery.c.id)
