"""Durable state, SQLite or PostgreSQL: engine, tables, migrations."""
