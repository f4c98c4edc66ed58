from typing import Any

import pytest

from tests.e2e.conftest import KEY, Opens

OPS_KEY = "wxg_ops_0123456789abcdefghijklmn"
_OPS = {"id": "ops", "key": OPS_KEY, "accounts": ["main"], "scopes": ["admin"]}
_BLOG = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["draft"]}
ADD = "/cgi-bin/draft/add"


@pytest.fixture
async def ops(open_stand: Opens) -> Any:
    """A gateway, and the headers of its operator."""
    async with open_stand({"clients": [_OPS, _BLOG]}, quotas={ADD: 7}) as stand:
        yield stand, {"Authorization": f"Bearer {OPS_KEY}"}


async def test_a_probe_is_kept_and_shown_and_its_quotas_count(ops: Any) -> None:
    stand, headers = ops
    before = (await stand.http.get("/v1/accounts")).json()["items"]
    assert [item["capabilities"] for item in before] == [None]
    assert before[0]["quota_remaining"][ADD] == 1_000
    probed = await stand.http.post("/v1/admin/accounts/main/probe", headers=headers)
    assert probed.status_code == 200, probed.text
    assert (probed.json()["freepublish"], probed.json()["verified"]) == (True, "likely")
    shown = (await stand.http.get("/v1/admin/accounts/main", headers=headers)).json()
    (listed,) = (await stand.http.get("/v1/accounts")).json()["items"]
    assert shown["capabilities"] == listed["capabilities"] == probed.json()
    assert shown["quota_remaining"][ADD] == listed["quota_remaining"][ADD] == 7


async def test_only_an_admin_probes_and_only_accounts_that_are_there(ops: Any) -> None:
    stand, headers = ops
    refused = await stand.http.post("/v1/admin/accounts/main/probe")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing")
    unknown = await stand.http.post("/v1/admin/accounts/nobody/probe", headers=headers)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "account_unknown")
    assert stand.calls() == {}


async def test_an_account_that_gets_no_token_says_why(open_stand: Opens) -> None:
    wrong = {"name": "main", "app_id": "wx5a4db0c0ffee0001", "app_secret": "wrong"}
    async with open_stand({"clients": [_OPS, _BLOG], "accounts": [wrong]}) as stand:
        headers = {"Authorization": f"Bearer {OPS_KEY}"}
        refused = await stand.http.post("/v1/admin/accounts/main/probe", headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (
            *(502, "account_misconfigured"),
        )
        (listed,) = (await stand.http.get("/v1/accounts")).json()["items"]
        assert listed["capabilities"]["error"] == "account_misconfigured"
        assert listed["capabilities"]["checked_at"] is None
