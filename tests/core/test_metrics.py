from core.metrics import Metrics


def test_each_metrics_object_stands_alone() -> None:
    one, other = Metrics(), Metrics()
    one.upstream_calls.labels("/cgi-bin/draft/add", "0").inc()
    assert 'wxgate_upstream_calls_total{errcode="0",path="/cgi-bin/draft/add"} 1.0' in (
        one.render().decode()
    )
    assert "draft/add" not in other.render().decode()
