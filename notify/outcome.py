"""What came of an attempt, and what that means for the notification."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import GatewayError
from core.secret import redact
from notify.sender import DeliveryUnknown, NotDelivered, Receipt, Resting, Unreached
from store.notifications import NotificationRow
from store.sending import Ended

LONGEST_PAUSE_S = 3_600.0
_ERROR_CHARS, _REFERENCE_CHARS, _SENDER_CHARS = 500, 200, 64


@dataclass(frozen=True, slots=True)
class End:
    """The end of an attempt."""

    ended: Ended
    final: bool = False  # another attempt would end the same
    uncounted: bool = False  # nothing was tried
    after_s: float = 0  # the provider wants to hear nothing before
    written: Mapping[str, Any] = field(default_factory=dict)  # what was sent, as it is stored
    unreached: Sequence[Unreached] = ()  # of several readers, those without it


def sent(at: float, receipt: Receipt, written: Mapping[str, Any]) -> End:
    """A sender took it over."""
    reference = _storable(redact(receipt.reference))[:_REFERENCE_CHARS] or None
    told = "; ".join(f"{each.recipient}: {each.reason}" for each in receipt.unreached)
    ended = Ended(
        outcome="sent",
        at=at,
        sender=_name(receipt.by),
        reference=reference,
        error=_reason(told) or None,
    )
    return End(ended, written=written, unreached=receipt.unreached)


def none_made(at: float, exc: Resting) -> End:
    """Nothing was tried: the way rests."""
    after_s = min(exc.retry_after_s, LONGEST_PAUSE_S)  # what is never tried is never given up
    reason = _reason(exc.reason)
    return End(Ended(outcome="failed", at=at, error=reason), uncounted=True, after_s=after_s)


def failed(at: float, exc: NotDelivered) -> End:
    """It certainly did not go out."""
    ended = Ended(outcome="failed", at=at, sender=_name(exc.by), error=_reason(exc.reason))
    return End(ended, final=exc.final, after_s=exc.retry_after_s)


def unknown(at: float, exc: DeliveryUnknown) -> End:
    """Nobody knows whether it went out."""
    ended = Ended(outcome="unknown", at=at, sender=_name(exc.by), error=_reason(exc.reason))
    return End(ended)


def in_words(exc: GatewayError) -> str:
    """What an error of ours says and what to do about it, as people read it in `error`."""
    said, hint = (text.fill("zh", exc.values) for text in (exc.message, exc.hint))
    said_en, hint_en = (text.fill("en", exc.values) for text in (exc.message, exc.hint))
    hints = " / ".join(dict.fromkeys((hint, hint_en)))
    return _reason(f"{exc.code}: {said} / {said_en} → {hints}")


def what_follows(
    row: NotificationRow,
    end: End,
    pauses: tuple[float, ...],
    *,
    repeatable: bool,
    uniform: Callable[[float, float], float],
) -> dict[str, Any]:
    """What becomes of the notification after its newest attempt: the columns that change.

    It is tried once more after each of `pauses`; after an unknown end only if `repeatable`.
    """
    ended = end.ended
    again = [each.recipient for each in end.unreached if not each.final]
    whom = {name: found for name, found in row.recipients.items() if name != "only"}
    if ended.outcome == "sent" and (not again or row.attempts > len(pauses)):
        if end.unreached:  # a resend is for them
            whom["only"] = [each.recipient for each in end.unreached]
        done = {"state": "sent", "error": ended.error, "done_at": ended.at}
        return {**done, "recipients": whom, **end.written}
    if ended.outcome == "unknown" and not repeatable:
        return {"state": "needs_review", "error": ended.error, "done_at": ended.at}
    if end.final or row.attempts > len(pauses):
        return {"state": "dead", "error": ended.error, "done_at": ended.at}
    pause_s = pauses[row.attempts - 1]
    # Spread, so that what failed together does not come again together.
    pause_s = max(uniform(pause_s, pause_s * 1.2), min(end.after_s, LONGEST_PAUSE_S))
    waits = {"state": "pending", "error": ended.error, "next_at": ended.at + pause_s}
    return {**waits, "recipients": {**whom, "only": again}, **end.written} if again else waits


def _reason(text: str) -> str:
    return _storable(redact(text))[:_ERROR_CHARS]


def _storable(text: str) -> str:
    """What a provider says may hold what no database takes: then its end would never be known."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _name(by: str) -> str | None:
    return by[:_SENDER_CHARS] or None
