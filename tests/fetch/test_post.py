import time
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config

from core.tasks import TaskSet
from fetch.errors import DnsFailed, FetchFailed, FetchTimeout, UrlForbidden, UrlInvalid
from fetch.post import Poster
from fetch.settings import FetchSettings
from sandbox.faults import Fault, FaultLayer, FaultPlan
from sandbox.listener import Listener
from sandbox.protocol import protocol_with
from tests.fetch.conftest import ScriptedResolver


class Host:
    """A server on loopback."""

    def __init__(self) -> None:
        self.response: Response = Response("ok")
        self.got: list[tuple[str, bytes, dict[str, str]]] = []
        self.port = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.got.append((request.method, await request.body(), dict(request.headers)))
        await self.response(scope, receive, send)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    made, tasks, plan = Host(), TaskSet(), FaultPlan()
    listener = Listener(protocol_with(plan), tasks, time.time)
    app = FaultLayer(made, plan)
    await listener.open(Config(app, port=0, ws="none", lifespan="off", log_config=None), tls=None)
    made.port = listener.port
    made.plan = plan  # type: ignore[attr-defined]
    made.listener = listener  # type: ignore[attr-defined]
    yield made
    await listener.aclose()
    await tasks.aclose()


@pytest.fixture
async def poster(host: Host) -> AsyncIterator[Poster]:
    settings = FetchSettings.model_validate(
        {"allow_networks": ["127.0.0.0/8"], "allow_ports": [80, host.port]}
    )
    made = Poster(settings, timeout_s=1)
    yield made
    await made.aclose()


async def test_the_body_and_headers_arrive(host: Host, poster: Poster) -> None:
    status = await poster.post(f"http://127.0.0.1:{host.port}/x", b"{}", {"webhook-id": "m"})
    ((method, body, headers),) = host.got
    assert (status, method, body, headers["webhook-id"]) == (200, "POST", b"{}", "m")
    assert headers["content-length"] == "2"
    assert headers["user-agent"] == "wxgate"


async def test_a_redirect_is_not_followed(host: Host, poster: Poster) -> None:
    host.response = RedirectResponse(f"http://127.0.0.1:{host.port}/y")
    assert await poster.post(f"http://127.0.0.1:{host.port}/x", b"{}", {}) == 307
    assert len(host.got) == 1


async def test_a_long_answer_is_not_read_to_its_end(host: Host, poster: Poster) -> None:
    host.response = Response(b"x" * 5_000_000)
    assert await poster.post(f"http://127.0.0.1:{host.port}/x", b"{}", {}) == 200


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://169.254.169.254/", UrlForbidden),
        ("http://10.1.2.3/", UrlForbidden),
        ("http://127.0.0.1:22/", UrlForbidden),
        ("ftp://127.0.0.1/", UrlInvalid),
        ("http://u:p@127.0.0.1/", UrlInvalid),
    ],
)
async def test_forbidden_addresses_are_not_called(
    poster: Poster, url: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await poster.post(url, b"{}", {})


async def test_who_hangs_up_or_says_nothing_has_failed(host: Host, poster: Poster) -> None:
    url = f"http://127.0.0.1:{host.port}/x"
    host.plan.add(Fault(kind="reset_before_read"))  # type: ignore[attr-defined]
    with pytest.raises(FetchFailed):
        await poster.post(url, b"{}", {})
    host.plan.add(Fault(kind="stall"))  # type: ignore[attr-defined]
    with pytest.raises(FetchTimeout):
        await poster.post(url, b"{}", {})


async def test_a_name_without_an_address_is_said_so() -> None:
    poster = Poster(FetchSettings(), timeout_s=1, resolver=ScriptedResolver())
    with pytest.raises(DnsFailed):
        await poster.post("http://hooks.example.com/", b"{}", {})
    await poster.aclose()


async def test_the_answer_can_be_read(host: Host, poster: Poster) -> None:
    host.response = Response('{"a":1}', status_code=418, headers={"Retry-After": "7"})
    answer = await poster.ask(f"http://127.0.0.1:{host.port}/x", b"{}", {})
    assert (answer.status, answer.body) == (418, b'{"a":1}')
    assert answer.headers["retry-after"] == "7"
    host.response = Response(b"x" * 5_000_000)
    answer = await poster.ask(f"http://127.0.0.1:{host.port}/x", b"{}", {})
    assert answer.body == b"x" * 65_536


async def test_a_failure_says_whether_the_host_may_have_acted(host: Host, poster: Poster) -> None:
    url = f"http://127.0.0.1:{host.port}/x"
    host.plan.add(Fault(kind="reset_before_read"))  # type: ignore[attr-defined]
    with pytest.raises(FetchFailed) as failed:
        await poster.ask(url, b"{}", {})
    assert failed.value.sent
    host.plan.add(Fault(kind="stall"))  # type: ignore[attr-defined]
    with pytest.raises(FetchTimeout) as late:
        await poster.ask(url, b"{}", {})
    assert late.value.sent
    with pytest.raises(UrlForbidden) as nothing:
        await poster.ask("http://10.1.2.3/", b"{}", {})
    assert not nothing.value.sent


async def test_a_host_that_is_not_there_has_heard_nothing(host: Host, poster: Poster) -> None:
    await host.listener.aclose()  # type: ignore[attr-defined]
    with pytest.raises(FetchFailed) as failed:
        await poster.ask(f"http://127.0.0.1:{host.port}/x", b"{}", {})
    assert not failed.value.sent
