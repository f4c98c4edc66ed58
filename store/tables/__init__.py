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
from store.tables.notify import (
    alert,
    channel,
    happening,
    mail_account,
    notification,
    notification_attempt,
    notification_file,
    silence,
    traffic,
    upload,
)
from store.tables.publishing import (
    schedule,
    schedule_file,
    source,
    template,
    template_version,
    written_draft,
)
from store.tables.push import delivery, event, webhook
from store.tables.rates import granted
from store.tables.replicas import duty, replica
from store.tables.tokens import token

__all__ = [
    "ACTIVE_STATES",
    "alert",
    "audit",
    "capability",
    "channel",
    "client",
    "client_key",
    "client_use",
    "delivery",
    "duty",
    "event",
    "file",
    "granted",
    "happening",
    "idempotency",
    "intent",
    "is_active",
    "job",
    "job_file",
    "library",
    "library_sync",
    "mail_account",
    "metadata",
    "notification",
    "notification_attempt",
    "notification_file",
    "official_account",
    "refresh_token",
    "replica",
    "revision",
    "schedule",
    "schedule_file",
    "session",
    "silence",
    "source",
    "tag",
    "template",
    "template_version",
    "token",
    "traffic",
    "upload",
    "uploaded_image",
    "webhook",
    "written_draft",
]
