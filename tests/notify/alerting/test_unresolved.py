from core.metrics import Metrics
from notify.alerting.unresolved import Unresolved
from store import alerts
from store.engine import Database
from tests.store.test_alerts import alert_row


def shown(metrics: Metrics) -> dict[str, float]:
    lines = metrics.render().decode().splitlines()
    found = [line.removeprefix("wxgate_alerts_open").rsplit(" ", 1) for line in lines]
    return {labels: float(n) for labels, n in found if labels.startswith("{event=")}


def of(event: str, severity: str) -> str:
    return f'{{event="{event}",severity="{severity}"}}'


async def test_what_is_unresolved_is_counted_by_event_and_severity(database: Database) -> None:
    metrics = Metrics()
    counting = Unresolved(database, metrics)
    await counting.look()
    assert shown(metrics)[of("breaker.open", "error")] == 0
    assert of("job.failed", "error") not in shown(metrics)  # it makes no alert
    async with database.write() as connection:
        for number, values in enumerate(
            (
                {},
                {"state": "acknowledged"},
                {"state": "resolved"},
                {"severity": "critical"},
                {"event": "odd.newer"},
            )
        ):
            row = alert_row(f"alr_{number}", **{"key": str(number), **values})
            await alerts.insert(connection, row)
    await counting.look()
    found = {labels: n for labels, n in shown(metrics).items() if n}
    assert found == {
        of("breaker.open", "error"): 2,
        of("breaker.open", "critical"): 1,
        of("odd.newer", "error"): 1,
    }
    async with database.write() as connection:
        for number in (0, 1, 3, 4):
            await alerts.change(connection, f"alr_{number}", state="resolved")
    await counting.look()
    assert set(shown(metrics).values()) == {0}
    assert of("breaker.open", "critical") in shown(metrics)
