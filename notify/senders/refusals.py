from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import Text
from notify.sender import NotDelivered
from notify.senders.http import told_by


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a code of a provider's means: nothing was delivered, and why."""

    hint: Text
    final: bool = True
    rest_s: float = 0.0  # for so long the provider wants nothing more of this channel


# For a code that is not in the provider's table: it may be a passing fault.
_UNHEARD_OF = Refusal(Text("服务商拒绝", "refused by the provider"), final=False)


def refused(code: object, said: object, refusal: Refusal | None) -> NotDelivered:
    """The end of an attempt that the provider answered with `code` and `said`."""
    known = refusal or _UNHEARD_OF
    reason = f"{told_by(code)}: {told_by(said)} ({known.hint.zh} / {known.hint.en})"
    return NotDelivered(reason, final=known.final, retry_after_s=known.rest_s)


def of_number(table: Mapping[int, Refusal], code: object) -> Refusal | None:
    """What `table` says of a code that is a number."""
    return table.get(code) if isinstance(code, int) else None


def of_beginning(table: Mapping[str, Refusal], code: str) -> Refusal | None:
    """What `table` says of the longest beginning of `code` that it has."""
    known = [beginning for beginning in table if code.startswith(beginning)]
    return table[max(known, key=len)] if known else None
