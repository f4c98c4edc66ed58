"""Wenyan's tools publish through a gateway, with a key of its own and without an AppSecret."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.faults import Fault
from tests.e2e.conftest import Opens, Stand
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
