import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from server.findings import Finding
from server.forward.authority import AuthorityUnusable, open_authority
from server.forward.places import HOSTS
from server.forward.probes import examine_ca, forward_probes
from server.settings import Settings
from tests.server.forward.conftest import Opens

BLOG = {"id": "blog", "key": "wxg_blog_0123456789abcdefghijklmn", "accounts": ["main"]}
AD = "wxg_ad_0123456789abcdefghijklmn"
NEVER: Any = None  # a way that nobody goes


def looked_at(tmp_path: Path, *, hosts: Any = HOSTS, made_days_ago: int = 0) -> Finding:
    folder = tmp_path / "ca"
    open_authority(folder, hosts, clock=lambda: time.time() - 86_400 * made_days_ago)
    return examine_ca(folder, time.time)


@pytest.mark.parametrize(
    ("made_days_ago", "status"), [(0, "ok"), (3_500, "ok"), (3_570, "warn"), (3_651, "fail")]
)
def test_the_end_of_the_ca_is_told_in_time(tmp_path: Path, made_days_ago: int, status: str) -> None:
    finding = looked_at(tmp_path, made_days_ago=made_days_ago)
    assert finding.status == status
    assert finding.found.en.startswith(("until 20", "ends on 20", "ended on 20"))


def test_a_host_that_it_cannot_vouch_for_is_told(tmp_path: Path) -> None:
    finding = looked_at(tmp_path, hosts=HOSTS[1:])
    assert (finding.status, finding.found.en) == ("warn", f"cannot vouch for {HOSTS[0]}")


def test_a_key_that_others_can_read_is_told(tmp_path: Path) -> None:
    assert looked_at(tmp_path).status == "ok"
    (tmp_path / "ca" / "ca.key.pem").chmod(0o640)
    finding = examine_ca(tmp_path / "ca", time.time)
    assert (finding.status, "has mode 640" in finding.found.en) == ("fail", True)


def test_a_ca_that_is_not_there_or_spoilt_is_told_and_not_made(tmp_path: Path) -> None:
    assert examine_ca(tmp_path, time.time).status == "warn"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "ca.key.pem").write_text("x")
    with pytest.raises(AuthorityUnusable):
        examine_ca(tmp_path, time.time)


def configured(port: int, mode: str = "inspect", host: str = "127.0.0.1") -> Settings:
    given: dict[str, Any] = {
        "forward": {"listen": f"{host}:{port}", "mode": mode},
        "clients": [
            {**BLOG, "scopes": ["relay:write"]},
            {**BLOG, "id": "ad", "key": AD, "scopes": ["relay:write"], "approve_publish": True},
        ],
    }
    return Settings(**given)


def test_nothing_is_looked_at_where_there_is_none() -> None:
    assert forward_probes(Settings(), time.time) == {}


async def test_the_listener_is_asked_and_its_mode_told(open_front: Opens) -> None:
    async with open_front(NEVER) as front:
        for mode, told in (("inspect", "trust the CA"), ("tunnel", "need the AppSecret")):
            probes = forward_probes(configured(front.port, mode), time.time)
            finding = await probes["forward proxy"]()
            assert (finding.status, told in finding.found.en) == ("ok", True)
            assert ("forward CA" in probes) is (mode == "inspect")
        assert finding.found.en.endswith(": blog")  # not those whose publishing is approved
        everywhere = forward_probes(configured(front.port, host="0.0.0.0"), time.time)
        assert (await everywhere["forward proxy"]()).status == "ok"


async def test_a_port_where_nobody_or_somebody_else_answers_is_told(unused_port: int) -> None:
    async def other(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(other, "127.0.0.1", 0) as server:
        for port in (unused_port, server.sockets[0].getsockname()[1]):
            probes = forward_probes(configured(port), time.time)
            assert (await probes["forward proxy"]()).status == "warn"
