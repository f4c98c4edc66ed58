"""What a caller is told of WeChat's errcodes, from the answer's header to the statistics."""

from typing import Any

from sandbox.settings import VERIFIED
from tests.e2e.conftest import Opens


async def test_a_refused_ip_stands_in_the_header_and_the_body(open_stand: Opens) -> None:
    closed = VERIFIED.model_copy(update={"ip_whitelist": ()})
    async with open_stand(accounts=(closed,), change={"clients": [_client()]}) as stand:
        response = await stand.http.get(
            "/cgi-bin/draft/count", headers={"X-Wxgate-Account": closed.app_id}
        )
        metrics = (await stand.http.get("/metrics")).text
    assert response.headers["x-wxgate-error"] == (
        "auth; source=wechat; action=whitelist_ip; retryable=false; ip=127.0.0.1"
    )
    assert response.json()["errcode"] == 40164
    assert "127.0.0.1" in response.json()["error"]["hint"]
    assert 'wxgate_errors_total{category="auth",source="wechat"} 1.0' in metrics


async def test_other_errcodes_pass_as_they_are_and_are_counted(stand: Any) -> None:
    account = {"X-Wxgate-Account": "main"}
    response = await stand.http.post(
        "/cgi-bin/draft/get", json={"media_id": "none"}, headers=account
    )
    assert response.json()["errcode"] == 40007
    assert response.json().keys() == {"errcode", "errmsg"}
    assert response.headers["x-wxgate-error"] == (
        "media; source=wechat; action=fix_request; retryable=false"
    )
    await stand.http.get("/cgi-bin/no/such/path", headers=account)
    await stand.http.get("/v1/jobs/nothing")
    metrics = (await stand.http.get("/metrics")).text
    assert 'wxgate_errors_total{category="media",source="wechat"} 1.0' in metrics
    assert 'wxgate_errors_total{category="params",source="wxgate"} 2.0' in metrics


async def test_any_client_may_look_an_errcode_up(stand: Any) -> None:
    found = (await stand.http.get("/v1/errcodes/48001")).json()
    assert "July 2025" in found["hint"]["en"]
    listed = (await stand.http.get("/v1/errcodes", params={"q": "errcode 45009"})).json()
    assert [item["errcode"] for item in listed["items"]] == [45009]


def _client() -> dict[str, Any]:
    key = "wxg_blog_0123456789abcdefghijklmn"
    return {"id": "blog", "key": key, "accounts": ["main"], "scopes": ["relay:read"]}
