"""The named places where a test may kill the process (`core.crash.CrashPoint`), in order."""

from wechat import draft, freepublish, mass

CLAIM_BEFORE = "claim.before"
CLAIM_AFTER = "claim.after"
FINISH = "finish"  # in the transaction that ends the job, before its commit

SCHEDULE_FIRE = "schedule.fire"  # in the transaction that makes a schedule's job
SCHEDULE_FIRED = "schedule.fired"  # it is committed; nobody was told


def intent_before(effect: str) -> str:
    """All is ready to be sent; nothing is written down."""
    return f"{effect}.intent.before"


def intent_after(effect: str) -> str:
    """The intent is committed; nothing is sent."""
    return f"{effect}.intent.after"


def sent(path: str) -> str:
    """The last byte of the request is written; passed by the code that makes the call."""
    return f"sent:{path}"


def answer(effect: str) -> str:
    """WeChat's answer is here; it is not recorded."""
    return f"{effect}.answer"


def record(effect: str) -> str:
    """In the transaction that records the answer, before its commit."""
    return f"{effect}.record"


def recorded(effect: str) -> str:
    """The answer is recorded."""
    return f"{effect}.recorded"


def _of_effect(effect: str, path: str) -> tuple[str, ...]:
    places = (intent_before, intent_after, answer, record, recorded)
    before, after, *rest = (place(effect) for place in places)
    return (before, after, sent(path), *rest)


ALL = (
    CLAIM_BEFORE,
    CLAIM_AFTER,
    *_of_effect("draft", draft.ADD),
    *_of_effect("submit", freepublish.SUBMIT),
    FINISH,
)

# Of a draft that is written anew: nothing is written down before, since it may be repeated.
UPDATE = (
    intent_before("update"),
    sent(draft.UPDATE),
    answer("update"),
    record("update"),
    recorded("update"),
)

MASS = _of_effect("mass", mass.SENDALL)
