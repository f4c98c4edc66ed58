from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from handlers.security_headers import HeaderSettings, on_our_answers, on_relayed_answers

PLAIN = Response("x")
OWN = Response("x", headers={"Content-Security-Policy": "default-src 'self'", "X-Other": "1"})


async def headers_of(http: Any, app: Any, path: str = "/page") -> dict[str, str]:
    async with http(app) as client:
        return dict((await client.get(path)).headers)


async def test_an_answer_of_ours_says_what_a_browser_may_do_with_it(http: Any) -> None:
    page = await headers_of(http, on_our_answers(PLAIN, {}, https=False))
    assert page["x-content-type-options"] == "nosniff"
    assert page["referrer-policy"] == "no-referrer"
    assert page["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "geolocation=()" in page["permissions-policy"]
    assert "cache-control" not in page
    assert "strict-transport-security" not in page
    api = await headers_of(http, on_our_answers(PLAIN, {}, https=False), "/v1/jobs")
    assert api["cache-control"] == "no-store"


async def test_tls_is_promised_only_where_there_is_tls(http: Any) -> None:
    page = await headers_of(http, on_our_answers(PLAIN, {}, https=True))
    assert page["strict-transport-security"] == "max-age=31536000"


async def test_a_pages_own_policy_ranks_over_the_default(http: Any) -> None:
    page = await headers_of(http, on_our_answers(OWN, {}, https=False))
    assert page["content-security-policy"] == "default-src 'self'"
    assert page["x-other"] == "1"


async def test_each_header_can_be_changed_added_and_removed(http: Any) -> None:
    settings = {
        "content-security-policy": "frame-ancestors https://portal.example",
        "referrer-policy": "", "x-frame-options": "DENY", "cache-control": "",
    }  # fmt: skip
    page = await headers_of(http, on_our_answers(OWN, settings, https=True), "/v1/jobs")
    assert page["content-security-policy"] == "frame-ancestors https://portal.example"
    assert page["x-frame-options"] == "DENY"
    assert "referrer-policy" not in page
    assert "cache-control" not in page
    assert "strict-transport-security" in page


async def test_a_relayed_answer_gets_what_no_tool_minds(http: Any) -> None:
    names = set(await headers_of(http, on_relayed_answers(PLAIN, {"referrer-policy": "x"})))
    assert names == {"content-length", "x-content-type-options"}
    removed = on_relayed_answers(PLAIN, {"x-content-type-options": ""})
    assert set(await headers_of(http, removed)) == {"content-length"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "1"}, {"set-cookie": "a=b"}, {"x y": "1"}, {"x-a": "a\r\nb"},
        {"": "1"}, {"x-a": "ä"}, {"transfer-encoding": "chunked"},
    ],
)  # fmt: skip
def test_what_would_break_answers_cannot_be_set(headers: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"server\.headers"):
        TypeAdapter(HeaderSettings).validate_python(headers)
