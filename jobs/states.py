from enum import StrEnum

from store.tables import ACTIVE_STATES


class State(StrEnum):
    """Where a job is (contract §5)."""

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    RUNNING = "running"  # worked on, or WeChat is publishing and will be asked again at run_at
    WAITING = "waiting"  # for a quota, or for WeChat to be reachable; goes on at run_at
    SUCCEEDED = "succeeded"
    PARTLY_FAILED = "partly_failed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NEEDS_REVIEW = "needs_review"  # the outcome could not be known; a person has to look

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self not in ACTIVE_STATES


BATCH = "batch"  # the kind of a job whose items are jobs of their own

# The effect after which there is nothing left to cancel or to be late for, by the job's action; a
# material's job has none.
LAST_EFFECT = {"draft": "draft", "publish": "submit", "mass_send": "mass", "material": ""}
