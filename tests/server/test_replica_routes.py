from pathlib import Path

import httpx
import pytest

from server.app import open_gateway
from server.replicas import Place
from server.roles import Role
from server.settings import Settings
from store.engine import DatabaseSettings, open_database
from store.replicas import every

RELAYED, OURS = "/cgi-bin/draft/count", "/v1/jobs"


@pytest.mark.parametrize(
    ("role", "relayed", "ours"),
    [("all", 200, 401), ("relay", 200, 404), ("api", 404, 401)],
)
async def test_each_role_answers_its_own_paths_and_says_whose_the_others_are(
    role: str, relayed: int, ours: int, tmp_path: Path
) -> None:
    settings = Settings(server={"data_dir": str(tmp_path)})
    async with open_gateway(settings, Place(Role(role))) as gateway:
        transport = httpx.ASGITransport(gateway.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            # A refused call of a tool has WeChat's form: a 200 with an errcode.
            answers = [await http.get(path) for path in (RELAYED, OURS)]
            assert [answer.status_code for answer in answers] == [relayed, ours]
            for answer in answers:
                if answer.status_code == 404:
                    assert "--role" in answer.text
            for path in ("/health/ready", "/metrics"):
                assert (await http.get(path)).status_code == 200
    store = open_database(DatabaseSettings(), tmp_path)
    async with store as database, database.read() as connection:
        (row,) = await every(connection)
    assert (row.role, row.state) == (role, "stopped")


@pytest.mark.parametrize("role", ["all", "relay", "api"])
async def test_only_who_works_claims_jobs(role: str, tmp_path: Path) -> None:
    settings = Settings(server={"data_dir": str(tmp_path)})
    async with open_gateway(settings, Place(Role(role))) as gateway:
        assert hasattr(gateway.engine, "_claiming") == (role == "all")
