from typing import NamedTuple

from accounts.audit import AuditEntry, Detail
from core.errors import GatewayError, Text


class StaleEdit(GatewayError):
    """Somebody else changed it since the caller read it."""

    status = 409
    code = "stale_edit"
    category = "params"
    message = Text(
        "{subject} 已被别人修改（现为版本 {version}）",
        "{subject} was changed by somebody else (it is at version {version} now)",
    )
    hint = Text(
        "重新读取后再改；If-Match 里放读到的 ETag", "read it again and send that ETag as If-Match"
    )


class Editor(NamedTuple):
    """Who makes a change, as the audit log tells it."""

    actor: str  # client:<id>, cli:<user> or system
    request_id: str | None = None
    ip: str | None = None

    def did(self, action: str, subject: str, detail: Detail) -> AuditEntry:
        """The log's entry of it."""
        return AuditEntry(
            actor=self.actor,
            action=action,
            subject=subject,
            detail=detail,
            request_id=self.request_id,
            ip=self.ip,
        )


def check_version(subject: str, version: int | None, current: int) -> None:
    """Raises StaleEdit if the caller has seen another version (None: whichever there is)."""
    if version not in (None, current):
        raise StaleEdit(subject=subject, version=current)


SYSTEM = Editor("system")
