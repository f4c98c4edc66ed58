from typing import Any

from store.intents import IntentRow
from store.jobs import JobRow


def job_row(job_id: str = "job_1", **values: Any) -> JobRow:
    """A job that is due at 100."""
    defaults: dict[str, Any] = {
        "id": job_id,
        "kind": "article",
        "account": "main",
        "client_id": "blog",
        "state": "accepted",
        "action": "draft",
        "payload": {"n": 1},
        "checkpoint": {},
        "progress": {},
        "run_at": 100.0,
        "created_at": 100.0,
        "updated_at": 100.0,
    }
    return JobRow(**{**defaults, **values})


def intent_row(job_id: str = "job_1", **values: Any) -> IntentRow:
    """The first attempt of a job's draft, sent at 100."""
    defaults: dict[str, Any] = {
        "job_id": job_id,
        "effect": "draft",
        "attempt": 1,
        "account": "main",
        "fingerprint": {"articles": [{"title": "t"}], "media_id": ""},
        "owner": "me",
        "epoch": 1,
        "sent_at": 100.0,
    }
    return IntentRow(**{**defaults, **values})
