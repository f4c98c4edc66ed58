"""Agents, by MCP: what is tried of their clients, which call tools."""

import json
from base64 import b64encode
from io import BytesIO
from typing import Any

from PIL import Image

from sandbox.faults import Fault
from sandbox.settings import VERIFIED
from tests.compat.columns import Check, Trial, slow_token, token_calls
from tests.compat.driving import Tool
from tests.compat.keys import WRITER_KEY, WRONG_KEY


async def call(tool: Tool, name: str, **arguments: Any) -> dict[str, Any]:
    """A tool's answer, be it a refusal."""
    return await tool.do(f"call {name} {json.dumps(arguments)}")


async def done(tool: Tool, name: str, **arguments: Any) -> dict[str, Any]:
    """What it gave; it must go well."""
    answer = await call(tool, name, **arguments)
    assert not answer["failed"], answer
    data: dict[str, Any] = answer["data"]
    return data


def article(title: str, colour: str) -> dict[str, Any]:
    """With a picture in it, and a cover."""
    made = BytesIO()
    Image.new("RGB", (64, 48), colour).save(made, "PNG")
    shown = f"data:image/png;base64,{b64encode(made.getvalue()).decode()}"
    return {"markdown": f"你好。\n\n![图]({shown})\n", "title": title, "cover": shown}


async def twenty_cold_agents_cost_one_token(trial: Trial) -> None:
    """The first call of all: nobody has a token yet."""
    slow_token(trial.stand)
    answers = (await trial.tool.do("cold"))["answers"]
    assert [answer["failed"] for answer in answers] == [False] * 20
    assert token_calls(trial.stand) == 1


async def pictures_in_an_article_arrive(trial: Trial) -> None:
    """They come as data: URIs; an agent's host has nothing to upload by."""
    await done(trial.tool, "create_draft", **article("配图", "navy"), wait_s=50)
    materials = await done(trial.tool, "list_materials")
    (cover,) = trial.stand.committed("material")
    assert len(trial.stand.committed("image")) == 1
    assert cover.data["media_id"] in str(materials)


async def an_article_is_looked_at_and_made_into_one_draft(trial: Trial) -> None:
    """By a key that may do no more, though the agent asks twice."""
    given, before = article("草稿", "teal"), len(trial.stand.committed("draft"))
    async with trial.opens(key=WRITER_KEY) as tool:
        assert (await done(tool, "render", **given))["title"] == "草稿"
        await done(tool, "lint", **given)
        made = await done(tool, "create_draft", **given, wait_s=50)
        again = await done(tool, "create_draft", **given, wait_s=50)
        listed = await done(tool, "list_drafts")
    assert made["state"] == "succeeded"
    assert again["id"] == made["id"]
    assert made["result"]["media_id"] in str(listed)
    assert len(trial.stand.committed("draft")) == before + 1


async def only_who_may_publishes(trial: Trial) -> None:
    """Others do not see the tool, and are refused where they call it all the same."""
    before = len(trial.stand.committed("publication"))
    all_tools = set((await trial.tool.do("tools"))["tools"])
    async with trial.opens(key=WRITER_KEY) as tool:
        its_tools = set((await tool.do("tools"))["tools"])
        made = await done(tool, "create_draft", **article("发布", "gold"), wait_s=50)
        media_id = made["result"]["media_id"]
        refused = await call(tool, "publish", media_id=media_id)
    assert all_tools - its_tools == {"publish", "schedule", "list_materials"}
    assert refused["failed"]
    assert "scope_missing" in refused["text"]
    assert "请管理员加上该 scope" in refused["text"]
    assert len(trial.stand.committed("publication")) == before
    job = await done(trial.tool, "publish", media_id=media_id, wait_s=0)
    while job["state"] not in ("succeeded", "failed"):
        job = await done(trial.tool, "job_status", job_id=job["id"], wait_s=20)
    assert job["state"] == "succeeded"
    assert job["result"]["url"].startswith("http")
    assert len(trial.stand.committed("publication")) == before + 1


async def a_token_that_somebody_took_is_not_noticed(trial: Trial) -> None:
    """WeChat refuses the live token with 40001 from now on."""
    await done(trial.tool, "list_drafts")
    before = token_calls(trial.stand)
    trial.stand.sandbox.tokens.expire(VERIFIED.app_id, supersede=True)
    await done(trial.tool, "create_draft", **article("换了 token", "plum"), wait_s=50)
    assert token_calls(trial.stand) == before + 1


async def a_wrong_key_is_told_with_what_to_do(trial: Trial) -> None:
    """The call itself is refused, with 401."""
    async with trial.opens(key=WRONG_KEY) as tool:
        shown = await tool.shown("tools")
    assert "auth_key_wrong" in shown
    assert "wxgate 的客户端密钥（wxg_…）" in shown


async def a_refusal_of_wechats_is_explained(trial: Trial) -> None:
    """Whatever it is; after the cure the same call goes on."""
    for errcode, cure in ((48001, "认证"), (40164, "白名单")):
        fault = Fault(kind="errcode", errcode=errcode, path="/cgi-bin/draft/add")
        trial.stand.sandbox.faults.add(fault)
        answer = await call(trial.tool, "create_draft", **article(str(errcode), "navy"), wait_s=50)
        assert answer["failed"]
        assert str(errcode) in answer["text"]
        assert cure in answer["text"]
    await done(trial.tool, "create_draft", **article("40164", "navy"), wait_s=50)


COLUMNS: dict[str, Check] = {
    "20 cold": twenty_cold_agents_cost_one_token,
    "upload": pictures_in_an_article_arrive,
    "draft": an_article_is_looked_at_and_made_into_one_draft,
    "publish": only_who_may_publishes,
    "40001": a_token_that_somebody_took_is_not_noticed,
    "hint": a_wrong_key_is_told_with_what_to_do,
    "WeChat's no": a_refusal_of_wechats_is_explained,
}
