"""Durable state, SQLite or PostgreSQL.

Read `engine` (connections and transactions), `tables` (the schema), `migrate` (how it comes to
be), then the small repositories: `jobs`, `intents`, `idempotency`, `files`, `images`. They
run inside a transaction of their caller and know no business rules. `lock` keeps two processes
from working on one data_dir.
"""
