from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from core.metrics import Metrics
from handlers.metrics import MetricsHandler


async def test_the_exposition_has_its_own_content_type(http: Any) -> None:
    metrics = Metrics()
    metrics.jobs.labels("article", "succeeded").inc()
    app = Starlette(routes=[Route("/metrics", MetricsHandler(metrics).get)])
    async with http(app) as client:
        response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert 'wxgate_jobs_total{kind="article",state="succeeded"} 1.0' in response.text
