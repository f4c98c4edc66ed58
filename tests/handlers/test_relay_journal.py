from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from accounts.audit import AuditEntry, AuditLog
from core.errors import GatewayError
from handlers.relay_journal import action_of
from proxy.upstream import UpstreamSettings
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from store.audit import AuditFilter
from store.engine import Database, StorageUnavailable
from tests.gateway import KEY, Setup, open_gateway
from wechat.catalogue import load_catalogue

SUBMIT, DELETE = "/cgi-bin/freepublish/submit", "/cgi-bin/draft/delete"
HEADERS = {"authorization": f"Bearer {KEY}"}


def test_what_is_noted_is_told_by_the_catalogue() -> None:
    by_action: dict[str, set[str]] = {}
    for endpoint in load_catalogue():
        if action := action_of(endpoint):
            assert endpoint.write
            by_action.setdefault(action, set()).add(endpoint.path)
    assert SUBMIT in by_action["relay.publish"]
    assert "/cgi-bin/message/mass/sendall" in by_action["relay.mass"]
    assert by_action["relay.delete"] == {
        DELETE,
        "/cgi-bin/material/del_material",
        "/cgi-bin/freepublish/delete",
    }
    assert {"/cgi-bin/menu/create", "/cgi-bin/menu/delete"} <= by_action["relay.menu"]
    assert {"/cgi-bin/clear_quota", "/cgi-bin/clear_quota/v2"} <= by_action["relay.clear_quota"]
    assert "/cgi-bin/draft/add" not in set().union(*by_action.values())
    assert action_of(None) is None


@pytest.fixture
def audit(database: Database) -> AuditLog:
    return AuditLog(database, b"k" * 32, clock=lambda: 1.0)


@pytest.fixture
async def caller(
    upstream: UpstreamSettings, tmp_path: Path, audit: AuditLog
) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        open_gateway(Setup(upstream, tmp_path, audit=audit)) as gateway,
        gateway.client(**HEADERS) as client,
    ):
        yield client


async def entries(audit: AuditLog) -> list[dict[str, Any]]:
    found, _ = await audit.page(AuditFilter(), limit=9)
    return found


async def test_a_delete_is_noted_with_what_wechat_said(
    caller: httpx.AsyncClient, audit: AuditLog
) -> None:
    await caller.post("/cgi-bin/draft/count")
    assert await entries(audit) == []
    answer = await caller.post(DELETE, json={"media_id": "none", "content": "not kept"})
    (entry,) = await entries(audit)
    assert (entry["actor"], entry["account"]) == ("client:blog", "main")
    assert (entry["action"], entry["subject"]) == ("relay.delete", DELETE)
    assert entry["request_id"] == answer.headers["x-request-id"]
    assert entry["ip"] == "127.0.0.1"
    said = answer.json()
    assert entry["detail"] == {
        "media_id": "none",
        "errcode": said["errcode"],
        "errmsg": said["errmsg"],
    }


async def test_an_unknown_outcome_is_noted_as_such(
    caller: httpx.AsyncClient, audit: AuditLog, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(Fault.model_validate({"kind": "reset_after_commit", "path": SUBMIT}))
    answer = await caller.post(SUBMIT, json={"media_id": "m"})
    assert answer.json()["errcode"] == -1
    (entry,) = await entries(audit)
    assert entry["detail"] == {"media_id": "m", "outcome": "unknown"}


async def test_a_call_that_never_left_is_not_noted(
    caller: httpx.AsyncClient, audit: AuditLog
) -> None:
    refused = await caller.post(SUBMIT, json={}, headers={"x-wxgate-account": "personal"})
    assert "wxgate" in refused.text
    assert await entries(audit) == []


async def test_wechats_answer_is_passed_on_though_the_log_cannot_be_written(
    upstream: UpstreamSettings, tmp_path: Path
) -> None:
    class Away:
        async def note(self, entry: AuditEntry) -> None:
            raise StorageUnavailable(reason=entry.action)

    assert issubclass(StorageUnavailable, GatewayError)
    async with (
        open_gateway(Setup(upstream, tmp_path, audit=Away())) as gateway,
        gateway.client(**HEADERS) as client,
    ):
        answer = await client.post(DELETE, json={"media_id": "none"})
    assert "wxgate" not in answer.json()["errmsg"]
