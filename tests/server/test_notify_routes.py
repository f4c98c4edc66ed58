from typing import Any

from server.notify_routes import notification_routes


def test_summary_is_no_id() -> None:
    nobody: Any = None
    paths = [route.path for route in notification_routes(nobody, nobody)]
    assert paths.index("/notifications/summary") < paths.index("/notifications/{notification_id}")
