"""The processes that share this store, and what only one of them does at a time."""

from sqlalchemy import Boolean, Column, Double, Index, Integer, String, Table

from store.tables.base import Json, metadata

replica = Table(
    "replica",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("executor", String(200), nullable=False),  # as it owns leases (jobs/executor.py)
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("role", String(16), nullable=False),  # all, relay, api, worker
    Column("version", String(32), nullable=False),
    Column("state", String(16), nullable=False),  # running, draining, stopped, gone
    Column("config", String(64), nullable=False),  # a digest of its configuration, not of secrets
    Column("info", Json, nullable=False),  # listen address, jobs under way, Redis up or down
    Column("started_at", Double, nullable=False),
    Column("beat_at", Double, nullable=False),
    Column("asked", Boolean, nullable=False),  # to have another started in its place
)
Index("ix_replica_beat", replica.c.beat_at)

# Duties of the leader: who has one knows its epoch, which grows with each owner.
duty = Table(
    "duty",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("until", Double, nullable=False),
    # How far it has got, where it follows something: the audit log's seq.
    Column("position", Integer, nullable=False),
)
