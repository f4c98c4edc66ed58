from collections import defaultdict


class Turns:
    """Spreads what waits for the same thing, an account's jobs after an outage, over time.

    What it does not know, as after a restart, the places of the engine still bound.
    """

    def __init__(self, per_s: int) -> None:
        self._per_s = per_s
        self._taken: defaultdict[str, dict[int, int]] = defaultdict(dict)  # by account and second

    def take(self, account: str, earliest: float, *, now: float) -> float:
        """A time from `earliest` on, in a second that is not full yet."""
        taken = self._taken[account]
        for past in [second for second in taken if second < int(now)]:
            del taken[past]
        second = int(earliest)
        while taken.get(second, 0) >= self._per_s:
            second += 1
        taken[second] = taken.get(second, 0) + 1
        return max(earliest, float(second))
