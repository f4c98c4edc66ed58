"""Durable state, SQLite or PostgreSQL.

Read `engine` (connections and transactions), `tables` (the schema), `migrate` (how it comes to
be), then the small repositories, named by what they keep: `jobs`, `intents`, `files`, `schedules`
and so on. They run inside a transaction of their caller and know no business rules. `lock` keeps
two processes from working on one data_dir.
"""
