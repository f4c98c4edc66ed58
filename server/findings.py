from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import GatewayError, Text

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the doctor looked at: what was found and, unless all is well, the fix."""

    name: str
    status: Status
    found: Text
    fix: Text | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON, with both languages."""
        return {
            "name": self.name,
            "status": self.status,
            "found": self.found._asdict(),
            "fix": self.fix._asdict() if self.fix else None,
        }


def ok(name: str, zh: str, en: str) -> Finding:
    """All is well."""
    return Finding(name, "ok", Text(zh, en))


def warn(name: str, found: Text, fix: Text) -> Finding:
    """It works, but should be looked at."""
    return Finding(name, "warn", found, fix)


def fail(name: str, found: Text, fix: Text) -> Finding:
    """It does not work, or must not stay so."""
    return Finding(name, "fail", found, fix)


def worst(findings: Iterable[Finding]) -> Status:
    """The gravest status of them."""
    found = {finding.status for finding in findings}
    graver: tuple[Status, ...] = ("fail", "warn")
    return next((status for status in graver if status in found), "ok")


def failed(name: str, exc: GatewayError) -> Finding:
    """What `exc` says, with its hint as the fix."""
    return fail(
        name,
        Text(*(exc.message.fill(language, exc.values) for language in ("zh", "en"))),
        Text(*(exc.hint.fill(language, exc.values) for language in ("zh", "en"))),
    )
