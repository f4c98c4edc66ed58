import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from content.fields import DraftFields
from core.errors import GatewayError, Text

Action = Literal["draft", "publish"]


class QueueFull(GatewayError):
    """So many jobs are not over yet that no other is taken in."""

    status = 503
    code = "queue_full"
    category = "system"
    level = "warning"
    retryable = True
    message = Text("未结束的任务已达上限 {limit} 个", "{limit} jobs are waiting already")
    hint = Text(
        "等一部分任务结束后重试，或取消不要的；可由管理员调大 jobs.max_waiting",
        "try again when some have ended, or cancel some; an operator may raise jobs.max_waiting",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A draft as a client hands it in."""

    client_id: str
    account: str  # our name of the account
    fields: DraftFields
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    action: Action = "draft"
    publish_at: float | None = None  # Unix time; None: now
    idempotency_key: str | None = None
    needs_approval: bool = False  # it begins only once somebody else has approved

    def payload(self) -> dict[str, Any]:
        """What is kept with the job."""
        fields = self.fields.model_dump(mode="json", exclude_none=True)
        return {"fields": fields, "files": len(self.files)}

    def body_hash(self) -> str:
        """The same for what means the same, however it was written down."""
        said = {
            **self.payload(),
            "account": self.account,
            "action": self.action,
            "publish_at": self.publish_at,
        }
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
        for name in sorted(self.files):
            digest.update(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest())
            digest.update(hashlib.sha256(self.files[name]).digest())
        return digest.hexdigest()
