from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from core.metrics import Metrics


class MetricsHandler:
    """The Prometheus text exposition."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def get(self, _request: Request) -> Response:
        """All metrics of this process."""
        return Response(self._metrics.render(), headers={"Content-Type": CONTENT_TYPE_LATEST})
