import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from proxy.aiohttp_upstream import open_upstream
from proxy.body import MemoryBody
from proxy.spool import Spool
from proxy.upstream import UpstreamRequest, UpstreamSettings
from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from tests.conftest import free_port
from wechat.call import NotSent, OutcomeUnknown

ADD, COUNT = "/cgi-bin/draft/add", "/cgi-bin/draft/count"
BODY = MemoryBody(b'{"articles":[]}')


async def test_it_takes_answers_apart(
    sandbox: RunningSandbox, upstream_settings: UpstreamSettings
) -> None:
    async with open_upstream(upstream_settings) as upstream:
        answer = await upstream.send(UpstreamRequest("GET", sandbox.url + COUNT, {}))
        assert answer.status == 200
        assert any(name.lower() == b"content-type" for name, _ in answer.headers)
        first = await answer.read(5)
        assert first == b'{"err'
        assert not answer.at_end()
        rest = b"".join([chunk async for chunk in answer.chunks()])
        assert b"41001" in first + rest
        assert answer.at_end()
        answer.close()


async def test_a_query_goes_up_as_it_was_written(
    sandbox: RunningSandbox, upstream_settings: UpstreamSettings
) -> None:
    async with open_upstream(upstream_settings) as upstream:
        raw = "a=%2f%2F&b=x+y%20z&c=%E4%B8%AD&d=%zz"
        answer = await upstream.send(UpstreamRequest("GET", f"{sandbox.url}{COUNT}?{raw}", {}))
        answer.close()
    assert sandbox.calls.of(COUNT)[0]["query"] == raw


async def test_nobody_listening_is_not_sent() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with open_upstream(UpstreamSettings(base_urls=(url,))) as upstream:
        with pytest.raises(NotSent):
            await upstream.send(UpstreamRequest("POST", url + ADD, {}, BODY))


async def test_an_unknown_host_is_not_sent() -> None:
    async with open_upstream(UpstreamSettings()) as upstream:
        with pytest.raises(NotSent):
            url = "https://nobody.invalid" + ADD
            await upstream.send(UpstreamRequest("POST", url, {}, BODY))


@pytest.mark.parametrize("kind", ["reset_before_read", "reset_after_commit", "stall"])
async def test_no_answer_to_what_was_sent_is_an_unknown_outcome(
    sandbox: RunningSandbox, kind: str
) -> None:
    settings = UpstreamSettings(base_urls=(sandbox.url,), timeout_s=0.3)
    sandbox.faults.add(Fault.model_validate({"kind": kind, "path": ADD}))
    async with open_upstream(settings) as upstream:
        with pytest.raises(OutcomeUnknown):
            await upstream.send(UpstreamRequest("POST", sandbox.url + ADD, {}, BODY))


@pytest.mark.parametrize("kind", ["truncate", "drip"])
async def test_an_answer_that_never_gets_whole_is_an_unknown_outcome(
    sandbox: RunningSandbox, kind: str
) -> None:
    settings = UpstreamSettings(base_urls=(sandbox.url,), timeout_s=0.5)
    sandbox.faults.add(Fault.model_validate({"kind": kind, "path": ADD}))
    async with open_upstream(settings) as upstream:
        with pytest.raises(OutcomeUnknown):
            answer = await upstream.send(UpstreamRequest("POST", sandbox.url + ADD, {}, BODY))
            try:
                await answer.read(10_000)
            finally:
                answer.close()


async def test_bytes_after_an_answer_never_become_the_next_answer(
    sandbox: RunningSandbox, upstream_settings: UpstreamSettings
) -> None:
    sandbox.faults.add(Fault(kind="extra_response", path=COUNT))
    async with open_upstream(upstream_settings) as upstream:
        for _ in range(3):
            answer = await upstream.send(UpstreamRequest("GET", sandbox.url + COUNT, {}))
            data = await answer.read(10_000)
            answer.close()
            assert b"another_answer" not in data


async def test_the_crash_point_stands_right_behind_the_last_byte_of_the_body(
    sandbox: RunningSandbox, upstream_settings: UpstreamSettings, tmp_path: Path
) -> None:
    passed: list[str] = []
    spooled = await Spool(tmp_path, max_bytes=10_000_000).open()
    await spooled.append(b"x" * 3_000_000)
    from proxy.body import SpooledBody

    async with open_upstream(upstream_settings, crash=passed.append) as upstream:
        for body in (BODY, SpooledBody(spooled)):
            url = f"{sandbox.url}{ADD}?access_token=secret"
            (await upstream.send(UpstreamRequest("POST", url, {}, body))).close()
        (await upstream.send(UpstreamRequest("GET", sandbox.url + COUNT, {}))).close()
    assert passed == [f"sent:{ADD}", f"sent:{ADD}"]
    spooled.close()


async def test_proxies_of_the_environment_are_not_used(
    sandbox: RunningSandbox, upstream_settings: UpstreamSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with open_upstream(upstream_settings) as upstream:
        answer = await upstream.send(UpstreamRequest("GET", sandbox.url + COUNT, {}))
        assert answer.status == 200
        answer.close()


async def test_tls_is_verified_and_an_extra_authority_can_be_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    cert, key, ca = (str(tmp_path / name) for name in ("cert.pem", "key.pem", "ca.pem"))
    for blob in issued.cert_chain_pems:
        blob.write_to_path(cert, append=True)
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(ca)
    async with run_sandbox(SandboxSettings(), tls_cert=cert, tls_key=key) as sandbox:
        request = UpstreamRequest("GET", sandbox.url + COUNT, {})
        async with open_upstream(UpstreamSettings(base_urls=(sandbox.url,))) as upstream:
            with pytest.raises(NotSent):
                await upstream.send(request)
        settings = UpstreamSettings(base_urls=(sandbox.url,), ca_file=ca)
        async with open_upstream(settings) as upstream:
            answer = await upstream.send(request)
            assert answer.status == 200
            await answer.read(10_000)
            answer.close()
            wrong_name = sandbox.url.replace("127.0.0.1", "localhost")
            with pytest.raises(NotSent):
                await upstream.send(UpstreamRequest("GET", wrong_name + COUNT, {}))
    assert sandbox.calls.count() == 1


class Script:
    """A server that answers each request with the next of `answers`, or hangs up at None."""

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = list(answers)
        self.requests = 0
        self.url = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                if (answer := self._answers.pop(0)) is None:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer))
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[UpstreamSettings]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield UpstreamSettings(base_urls=(self.url,), timeout_s=0.5)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_may_not_be_repeated_is_sent_once_when_a_kept_connection_breaks(
    method: str,
) -> None:
    script = Script(b"{}", None, b"{}")
    async with script.running() as settings, open_upstream(settings) as upstream:
        url = script.url + "/sns/jscode2session"
        first = await upstream.send(UpstreamRequest(method, url, {}))
        await first.read(10)
        first.close()
        with pytest.raises(OutcomeUnknown):
            await upstream.send(UpstreamRequest(method, url, {}))
    assert script.requests == 2


async def test_a_read_outlives_the_kept_connection_that_breaks_under_it() -> None:
    script = Script(b"{}", None, b'{"total_count":0}')
    async with script.running() as settings, open_upstream(settings) as upstream:
        request = UpstreamRequest("GET", script.url + COUNT, {}, repeatable=True)
        first = await upstream.send(request)
        await first.read(10)
        first.close()
        second = await upstream.send(request)
        assert await second.read(100) == b'{"total_count":0}'
        second.close()
    assert script.requests == 3


async def test_a_caller_that_takes_an_answer_slowly_gets_all_of_it() -> None:
    data = bytes(4_000_000)
    script = Script(data)
    async with script.running() as settings, open_upstream(settings) as upstream:
        answer = await upstream.send(UpstreamRequest("GET", script.url + COUNT, {}))
        received = 0
        async for chunk in answer.chunks():
            received += len(chunk)
            await asyncio.sleep(settings.timeout_s / 20)  # 60 times: far over the deadline
        answer.close()
    assert received == len(data)
