from typing import Any

import httpx
import pytest

from server.layers import relay_segments
from server.settings import Settings


def test_what_is_relayed_is_told_by_the_catalogue_the_prefixes_and_the_rules() -> None:
    rules = [{"path": "/publish/now", "action": "alias", "to": "/cgi-bin/freepublish/submit"}]
    segments = relay_segments(Settings(relay={"prefixes": ["/gate/wx"], "rules": rules}))
    assert {"cgi-bin", "datacube", "gate", "publish"} <= segments
    assert not {"v1", "health", "docs", "wx"} & segments


@pytest.mark.parametrize(
    ("path", "has", "has_not"),
    [
        ("/v1/jobs", {"cache-control", "referrer-policy"}, {"strict-transport-security"}),
        ("/cgi-bin/draft/count", {"x-content-type-options"}, {"referrer-policy", "cache-control"}),
        ("/nothing", {"content-security-policy"}, {"cache-control"}),
    ],
)
async def test_each_area_has_its_layers(
    stand: Any, path: str, has: set[str], has_not: set[str]
) -> None:
    names = set((await stand.http.get(path)).headers)
    assert has <= names
    assert not has_not & names


async def test_long_answers_of_ours_are_packed_and_relayed_ones_never(stand: Any) -> None:
    async with httpx.AsyncClient(base_url=stand.url, trust_env=False) as caller:
        document = await caller.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
        assert document.headers["content-encoding"] == "gzip"
        relayed = await stand.http.get("/cgi-bin/get_api_domain_ip")
        assert "content-encoding" not in relayed.headers


async def test_a_host_that_is_not_ours_is_refused_in_both(stand: Any) -> None:
    for path in ("/v1/jobs", "/cgi-bin/draft/count"):
        refused = await stand.http.get(path, headers={"Host": "evil.example"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "host_invalid")
