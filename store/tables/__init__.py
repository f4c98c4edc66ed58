"""The schema. All times are Unix seconds; `store/migrations` must arrive at exactly this."""

from store.tables.base import metadata
from store.tables.callers import (
    audit,
    capability,
    client,
    client_key,
    client_use,
    official_account,
    refresh_token,
    revision,
    session,
)
from store.tables.jobs import (
    ACTIVE_STATES,
    file,
    idempotency,
    intent,
    is_active,
    job,
    job_file,
)
from store.tables.library import library, library_sync, tag, uploaded_image
from store.tables.publishing import (
    schedule,
    schedule_file,
    source,
    template,
    template_version,
    written_draft,
)
from store.tables.push import delivery, event, webhook

__all__ = [
    "ACTIVE_STATES",
    "audit",
    "capability",
    "client",
    "client_key",
    "client_use",
    "delivery",
    "event",
    "file",
    "idempotency",
    "intent",
    "is_active",
    "job",
    "job_file",
    "library",
    "library_sync",
    "metadata",
    "official_account",
    "refresh_token",
    "revision",
    "schedule",
    "schedule_file",
    "session",
    "source",
    "tag",
    "template",
    "template_version",
    "uploaded_image",
    "webhook",
    "written_draft",
]
