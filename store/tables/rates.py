"""How many calls of each rate the processes were granted; times are the database's own."""

from sqlalchemy import Column, Double, Table, Text

from store.tables.base import Json, metadata

# One row a rule and period. {slot of time: calls granted that count until its end}
granted = Table(
    "granted",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("calls", Json, nullable=False),
    Column("ends_at", Double, nullable=False),  # when none of them counts any more
)
