"""Wenyan's tools publish through a gateway, with a key of its own and without an AppSecret."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from jobs.service import Jobs
from sandbox.faults import Fault
from sandbox.server import run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from server.doors import listen_on
from server.process import gateway_in_background
from server.settings import Settings
from store import files
from store.engine import DatabaseSettings, open_database
from store.migrate import migrate
from tests.e2e.conftest import KEY, Opens, Stand, configuration
from tests.e2e.wenyan import PNG, Tool

ON = {"wenyan": {"enabled": True}}


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    async with open_stand(ON) as opened:
        yield opened


@pytest.fixture
async def tool(stand: Stand) -> AsyncIterator[Tool]:
    made = Tool(stand)
    async with made.http:
        yield made


def _drafts(stand: Stand) -> list[Any]:
    return [draft for _, _, draft in stand.sandbox.world.drafts]


async def test_an_article_becomes_a_draft_as_it_was_styled(stand: Stand, tool: Tool) -> None:
    answer = await tool.publish(await tool.article())
    assert answer.status_code == 200, answer.text
    assert {"code", "errcode"}.isdisjoint(answer.json())  # its tools throw where they stand
    (entry,) = stand.committed("draft")
    assert entry.data["media_id"] == answer.json()["media_id"]
    ((article,),) = [draft.articles for draft in _drafts(stand)]
    assert (article.title, article.author, article.digest) == ("标题", "作者", "摘要")
    assert article.content_source_url == "https://example.com/post"
    assert article.need_open_comment
    assert "asset://" not in article.content
    assert "/mmbiz" in article.content
    assert "margin: 1em 0" in article.content  # its own looks, and nothing of ours on top
    assert "references" not in article.content


async def test_a_whole_page_is_unwrapped(stand: Stand, tool: Tool) -> None:
    article = await tool.article()
    article["content"] = f"<html><head></head><body>{article['content']}</body></html>"
    answer = await tool.publish(article)
    assert answer.status_code == 200, answer.text
    ((draft,),) = [draft.articles for draft in _drafts(stand)]
    assert not [tag for tag in ("<html", "<head", "<body") if tag in draft.content]
    assert "正文" in draft.content


async def test_a_picture_post_has_its_pictures_in_their_order(stand: Stand, tool: Tool) -> None:
    pictures = [await tool.picture("a.png"), await tool.picture("b.png", PNG + b"\0")]
    target = {"title": "图", "content": "第一行\n\n**第二行**", "image_list": pictures}
    answer = await tool.publish(target)
    assert answer.status_code == 200, answer.text
    ((article,),) = [draft.articles for draft in _drafts(stand)]
    assert article.article_type == "newspic"
    assert "第二行" in article.content


async def test_the_same_article_is_one_draft_however_often_it_is_published(
    stand: Stand, tool: Tool
) -> None:
    target = await tool.article()
    answers = await asyncio.gather(*(tool.publish(target) for _ in range(5)))
    answers.append(await tool.publish(target))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["media_id"] for answer in answers}) == 1
    assert len(stand.committed("draft")) == 1
    await tool.publish({**target, "title": "另一篇"})
    await tool.publish(target, appId="personal")
    assert len(stand.committed("draft")) == 3


async def test_after_a_failure_the_same_command_goes_on(stand: Stand, tool: Tool) -> None:
    stand.sandbox.faults.add(Fault(kind="errcode", errcode=40164, path="/cgi-bin/draft/add"))
    target = await tool.article()
    failed = await tool.publish(target)
    assert failed.status_code == 502
    assert failed.json()["code"] == -1
    assert failed.json()["error"]["upstream"]["errcode"] == 40164
    assert failed.json()["error"]["hint"] in failed.json()["desc"]
    again = await tool.publish(target)
    assert again.status_code == 200, again.text
    assert again.json()["job_id"] == failed.json()["error"]["job_id"]
    assert len(stand.committed("draft")) == 1


async def test_who_waited_too_long_joins_the_job_by_the_same_command(open_stand: Opens) -> None:
    async with open_stand({"wenyan": {"enabled": True, "wait_s": 0.05}}) as stand:
        tool = Tool(stand)
        async with tool.http:
            stand.sandbox.faults.add(Fault(kind="slow", seconds=1, path="/cgi-bin/draft/add"))
            target = await tool.article()
            early = await tool.publish(target)
            assert (early.status_code, early.json()["error"]["code"]) == (504, "still_at_work")
            while (later := await tool.publish(target)).status_code == 504:
                await asyncio.sleep(0.1)
            assert later.status_code == 200, later.text
            assert len(stand.committed("draft")) == 1


@pytest.mark.parametrize("door", ["wenyan", "v1"])
async def test_who_hangs_up_leaves_its_place_at_once(
    open_stand: Opens, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    async def for_ever(*_: object) -> None:
        await asyncio.Event().wait()

    change = {"wenyan": {"enabled": True}, "server": {"max_in_flight": 2}}  # one for callers
    async with open_stand(change) as stand:
        tool = Tool(stand)
        async with tool.http:
            target = await tool.article()
            monkeypatch.setattr(Jobs, "wait", for_ever)
            tool.http.timeout = stand.http.timeout = httpx.Timeout(2)
            with pytest.raises(httpx.ReadTimeout):
                await (tool.publish(target) if door == "wenyan" else stand.article({"html": "x"}))
        stand.http.timeout = httpx.Timeout(20)
        async with asyncio.timeout(25):
            while (await stand.http.get("/v1/accounts")).is_error:
                await asyncio.sleep(0.1)


async def test_an_upload_that_stops_in_the_middle_leaves_nothing(stand: Stand, tool: Tool) -> None:
    head = (
        f"POST /wenyan/upload HTTP/1.1\r\nHost: {stand.url[7:]}\r\nx-api-key: {KEY}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + PNG
    for sent in (part, part + b"\r\n--b--\r\n"):  # of the second only the last chunk is missing
        _, writer = await asyncio.open_connection("127.0.0.1", int(stand.url.rsplit(":")[-1]))
        with capture_logs() as logs:
            writer.write(head.encode() + b"%x\r\n%b\r\n" % (len(sent), sent))
            await writer.drain()
            writer.close()
            async with asyncio.timeout(30):
                while not [line for line in logs if line.get("path") == "/wenyan/upload"]:
                    await asyncio.sleep(0.02)
        wanted = {"sha256": [sha256(PNG).hexdigest()]}
        missing = (await stand.http.post("/v1/files/missing", json=wanted)).json()["missing"]
        assert missing == wanted["sha256"]
    assert (await tool.publish(await tool.article())).status_code == 200


async def test_a_restart_between_upload_and_publication_loses_nothing(open_stand: Opens) -> None:
    async with open_stand(ON) as stand:
        tool = Tool(stand)
        async with tool.http:
            target = await tool.article()
    async with open_stand(ON) as stand:
        tool = Tool(stand)
        async with tool.http:
            answer = await tool.publish(target)
            assert answer.status_code == 200, answer.text
            assert len(stand.committed("draft")) == 1


async def test_uploads_that_nothing_needs_are_forgotten_in_the_end(open_stand: Opens) -> None:
    async with open_stand(ON) as stand:
        tool = Tool(stand)
        async with tool.http:
            target = await tool.article()
            async with (
                open_database(DatabaseSettings(), stand.data_dir) as database,
                database.write() as connection,
            ):
                forgotten = await files.purge(connection, unused_since=time.time() + 1)
            assert forgotten == 1  # picture and cover are the same bytes
            answer = await tool.publish(target)
            assert answer.status_code == 404
            assert answer.json()["error"]["code"] == "upload_gone"
            assert "1.png" in answer.json()["desc"]
            # What the tool says to its user is what helps: it uploads everything again.
            assert (await tool.publish(await tool.article())).status_code == 200


async def test_calls_are_limited_in_their_form_and_uploads_apart(open_stand: Opens) -> None:
    change = {**ON, "server": {"control_rate_limit": "3/minute"}}
    async with open_stand(change) as stand:
        tool = Tool(stand)
        async with tool.http:
            target = await tool.article()  # its uploads do not count
            for _ in range(3):
                assert (await tool.http.get("/verify")).status_code == 200
            answer = await tool.publish(target)
            assert (answer.status_code, answer.json()["code"]) == (429, -1)
            assert answer.json()["error"]["code"] == "rate_limited"
            assert int(answer.headers["retry-after"]) > 0
            # One limit for all doors of the control plane.
            assert (await stand.http.get("/v1/themes")).status_code == 429
    assert stand.committed("draft") == []


async def test_calls_are_logged_and_counted_and_no_key_is(stand: Stand, tool: Tool) -> None:
    with capture_logs() as logs:
        await tool.publish(await tool.article())
        wrong = tool.http.headers["x-api-key"] = "wxg_blog_wrong0123456789abcdefghijk"
        assert (await tool.http.get("/verify")).status_code == 401
    lines = [line for line in logs if line["event"] == "request"]
    seen = {(line["path"], line["client"], line["account"]) for line in lines}
    assert ("/wenyan/upload", "blog", None) in seen
    assert ("/wenyan/publish", "blog", "main") in seen
    assert ("/wenyan/verify", None, None) in seen
    for secret in (KEY, wrong, VERIFIED.app_secret):
        assert secret not in str(logs)
    metrics = (await stand.http.get("/metrics")).text
    assert 'route="/wenyan/publish"' in metrics
    assert 'route="/wenyan/upload"' in metrics


async def test_an_unknown_outcome_is_told_and_never_sent_again(stand: Stand, tool: Tool) -> None:
    stand.sandbox.faults.add(Fault(kind="reset_after_commit", path="/cgi-bin/draft/add"))
    target = await tool.article()
    first = await tool.publish(target)
    again = await tool.publish(target)
    assert first.json().get("media_id") == again.json().get("media_id")
    assert first.status_code == again.status_code
    assert len(stand.committed("draft")) == 1


async def test_any_of_two_gateways_makes_the_one_draft(postgres_url: str, tmp_path: Path) -> None:
    async with open_database(DatabaseSettings(url=SecretStr(postgres_url)), tmp_path) as database:
        await migrate(database)
    async with run_sandbox(SandboxSettings()) as sandbox, AsyncExitStack() as stack:
        tools = []
        for _ in range(2):
            listener = stack.enter_context(listen_on("127.0.0.1:0"))
            config = configuration(sandbox, tmp_path / "data", listener.getsockname()[1])
            settings = Settings(**{**config, **ON, "database": {"url": postgres_url}})
            await stack.enter_async_context(gateway_in_background(settings, listener))
            tool = Tool(config["server"]["public_url"])
            await stack.enter_async_context(tool.http)
            tools.append(tool)
        one, two = tools
        target = await one.article()  # uploaded here, published there
        answers = await asyncio.gather(*(tool.publish(target) for tool in (two, one) * 3))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["media_id"] for answer in answers}) == 1
        assert len(sandbox.ledger.entries("draft")) == 1
