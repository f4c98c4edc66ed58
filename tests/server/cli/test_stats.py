import json
import re
from typing import Any

import pytest

from server.cli.stats import columns
from tests.e2e.conftest import KEY
from tests.server.cli.commands import wxgate, wxgate_process

COUNT = "/cgi-bin/draft/count"


def at_gate(stand: Any) -> tuple[str, ...]:
    return ("--server", stand.url, "--key", KEY)


@pytest.mark.parametrize("command", [("limits",), ("stats", "limits")])
async def test_limits_are_shown_with_their_use(stand: Any, command: tuple[str, ...]) -> None:
    await stand.http.get(COUNT, headers={"X-Wxgate-Account": "main"})
    done = await wxgate_process(*command, *at_gate(stand))
    assert done.exit_code == 0, done.output
    assert re.search(
        r"^client blog: \* = 60000/minute +60000 +\d +\d+ +\d+ +0$", done.stdout, re.MULTILINE
    )
    assert re.search(
        r"^builtin client blog on main: \S+ = 900/day +900 +1 ", done.stdout, re.MULTILINE
    )
    assert re.search(r"^account main: concurrent +200 +0 ", done.stdout, re.MULTILINE)
    assert "counted in memory, gateways: 1" in done.stdout


async def test_quotas_are_shown_as_far_as_they_are_used(stand: Any) -> None:
    await stand.http.get(COUNT, headers={"X-Wxgate-Account": "main"})
    done = await wxgate_process("stats", "quota", *at_gate(stand))
    assert done.exit_code == 0, done.output
    assert re.search(rf"^main +{COUNT} +1000 +1 +999 +-$", done.stdout, re.MULTILINE)
    assert re.search(r"^main +clear_quota +10 +0 +10 +-$", done.stdout, re.MULTILINE)
    assert "freepublish" not in done.stdout


async def test_calls_are_shown_by_endpoint_client_and_account(stand: Any) -> None:
    await stand.http.get(COUNT, headers={"X-Wxgate-Account": "main"})
    await stand.http.get(COUNT, headers={"X-Wxgate-Account": "nobody"})
    done = await wxgate_process("stats", "calls", *at_gate(stand))
    assert done.exit_code == 0, done.output
    latencies = r" +[\d.]+ +[\d.]+ +[\d.]+ +"
    assert re.search(rf"^account main +1{latencies}-$", done.stdout, re.MULTILINE)
    assert re.search(rf"^endpoint {COUNT} +1{latencies}-$", done.stdout, re.MULTILINE)
    assert re.search(rf"^client blog +1{latencies}", done.stdout, re.MULTILINE)


async def test_what_became_of_articles_is_shown_by_account(stand: Any) -> None:
    article = {"markdown": "# 标题\n\n正文。", "cover": "https://example.invalid/none.png"}
    made = await stand.http.post(
        "/v1/accounts/main/articles", json=article, headers={"Prefer": "wait=30"}
    )
    assert made.json()["state"] == "failed"
    done = await wxgate_process("stats", "publishing", *at_gate(stand))
    assert done.exit_code == 0, done.output
    head, *lines = [line.split() for line in done.stdout.splitlines()]
    assert head[:4] == ["account", "within", "draft", "published"]
    told = [dict(zip(head, line, strict=True)) for line in lines if line[0] == "main"]
    assert [line["within"] for line in told] == ["24h", "7d"]
    assert [line["failed"] for line in told] == ["1", "1"]


async def test_json_is_the_answer_itself(stand: Any) -> None:
    done = await wxgate_process("stats", "quota", "--json", *at_gate(stand))
    assert set(json.loads(done.stdout)) == {"day", "resets_at", "accounts"}


async def test_a_key_without_the_scope_is_told(open_stand: Any) -> None:
    client = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["draft"]}
    async with open_stand({"clients": [client]}) as stand:
        done = await wxgate_process("limits", *at_gate(stand))
    assert done.exit_code == 1
    assert "stats" in done.stderr


def test_no_gateway_ends_with_3(unused_port: int) -> None:
    done = wxgate("limits", "--server", f"http://127.0.0.1:{unused_port}", "--key", KEY)
    assert done.exit_code == 3


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert columns(("a", "long"), [("xyz", None), (1, 2)]) == "a    long\nxyz  -\n1    2"
    assert columns(("a", "b"), [("早报", 1), ("abc", 2)]) == "a     b\n早报  1\nabc   2"
