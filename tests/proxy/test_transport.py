import httpx
import pytest

from proxy.transport import UpstreamTransport
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.conftest import free_port
from tests.gateway import MAIN, Gateway

STABLE = "/cgi-bin/stable_token"


async def test_httpx_callers_go_out_the_same_way(gateway: Gateway, sandbox: RunningSandbox) -> None:
    transport = UpstreamTransport(gateway.upstream)
    async with httpx.AsyncClient(transport=transport, base_url=sandbox.url) as http:
        secret = MAIN.app_secret.get_secret_value()
        login = {"grant_type": "client_credential", "appid": MAIN.app_id, "secret": secret}
        answer = await http.post(STABLE, json=login)
        assert answer.json()["expires_in"] == 7_200
        assert (await http.get("/cgi-bin/draft/count")).json()["errcode"] == 41001


async def test_failures_are_httpx_own(gateway: Gateway, sandbox: RunningSandbox) -> None:
    transport = UpstreamTransport(gateway.upstream)
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"http://127.0.0.1:{free_port()}/")
        sandbox.faults.add(Fault(kind="reset_after_commit", path=STABLE))
        with pytest.raises(httpx.ReadError):
            await http.post(sandbox.url + STABLE, json={})
        sandbox.faults.add(Fault(kind="truncate", path=STABLE))
        with pytest.raises(httpx.ReadError):
            await http.post(sandbox.url + STABLE, json={})
