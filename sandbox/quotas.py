from core.clock import shanghai_day
from sandbox.answers import Refused
from sandbox.models import Usage
from sandbox.world import World
from wechat.limits import (
    CLEARINGS_A_MONTH,
    DAILY_QUOTAS,
    PATH_CLEARINGS_A_MONTH,
    STABLE_TOKEN_A_MINUTE,
)

_STABLE_TOKEN = "/cgi-bin/stable_token"  # noqa: S105


class Quotas:
    """Counts calls by account, path and day in Shanghai, and refuses those over the limit."""

    def __init__(self, world: World) -> None:
        self._world = world

    def limit(self, path: str) -> int | None:
        """Calls a day that an account may make to `path`; None: as many as it likes."""
        return self._world.settings.quotas.get(path, DAILY_QUOTAS.get(path))

    def used(self, app_id: str, path: str) -> int:
        """Calls counted today."""
        return self._count(app_id, path, self._today())

    def spend(self, app_id: str, path: str) -> None:
        """Count one call. Raises Refused: 45009 over the day's limit, 45011 the minute's."""
        limit = self.limit(path)
        if limit is not None and self.used(app_id, path) >= limit:
            raise Refused(45009, "reach max api daily quota limit")
        if path == _STABLE_TOKEN:
            minute = f"minute {int(self._world.clock() // 60)}"
            self._add(app_id, f"{path} a minute", minute, STABLE_TOKEN_A_MINUTE, 45011)
        self._put(app_id, path, self._today(), self.used(app_id, path) + 1)

    def clear_all(self, app_id: str) -> None:
        """Start all of the account's counters anew. Raises Refused 48006 after 10 in a month."""
        self._add(app_id, "clear_quota", self._month(), CLEARINGS_A_MONTH, 48006)
        for path, _ in self._world.usage.of(app_id):
            if path.startswith("/"):
                self._world.usage.remove(app_id, path)
        self._world.ledger.commit("quota_clear", app_id)

    def clear_path(self, app_id: str, path: str) -> None:
        """Start one counter anew. Raises Refused 48006 after 50 in a month."""
        self._add(app_id, "openapi/quota/clear", self._month(), PATH_CLEARINGS_A_MONTH, 48006)
        self._put(app_id, path, self._today(), 0)
        self._world.ledger.commit("quota_clear", app_id, path=path)

    def _add(self, app_id: str, name: str, period: str, limit: int, errcode: int) -> None:
        used = self._count(app_id, name, period)
        if used >= limit:
            raise Refused(errcode)
        self._put(app_id, name, period, used + 1)

    def _count(self, app_id: str, name: str, period: str) -> int:
        usage = self._world.usage.get(app_id, name)
        return usage.used if usage is not None and usage.period == period else 0

    def _put(self, app_id: str, name: str, period: str, used: int) -> None:
        self._world.usage.put(app_id, name, Usage(period=period, used=used))

    def _today(self) -> str:
        return shanghai_day(self._world.clock())

    def _month(self) -> str:
        return self._today()[:7]
