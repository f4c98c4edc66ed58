"""A journal on a test's own audit log."""

from typing import Any

from accounts.audit import AuditLog
from jobs.journal import Journal
from store.audit import AuditFilter
from store.engine import Database


def audit_of(database: Database) -> AuditLog:
    return AuditLog(database, b"k" * 32, clock=lambda: 1.0)


def journal_of(database: Database) -> Journal:
    return Journal(audit_of(database))


async def noted(database: Database) -> list[dict[str, Any]]:
    """All entries, oldest first, once the chain is found whole."""
    audit = audit_of(database)
    assert (await audit.verify()).reason is None
    entries, _ = await audit.page(AuditFilter(), limit=99)
    return entries[::-1]
