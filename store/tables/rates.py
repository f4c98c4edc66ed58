"""How many calls of each rate the processes were granted; times are the database's own."""

from sqlalchemy import Column, Double, Table, Text

from store.tables.base import Json, metadata

# One row a rule and period. {slot of time: calls granted that count until its end}
granted = Table(
    "granted",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("calls", Json, nullable=False),
    Column("strict_until", Double, nullable=False),  # as long Redis may not know of all calls
    Column("over_at", Double, nullable=False),  # when nothing of it matters any more
)
