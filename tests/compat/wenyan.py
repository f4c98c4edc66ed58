"""`wenyan publish --server`: what is tried of it, which knows no more of WeChat than drafts."""

from sandbox.faults import Fault
from sandbox.settings import VERIFIED
from tests.compat.columns import Check, Trial, slow_token, token_calls
from tests.compat.keys import READER_KEY, WRONG_KEY

_CHUNK = 65_536  # the tool sends files in pieces of this size
_UNKNOWN = "wx00000000000000ff"


async def twenty_articles_at_once_cost_one_token(trial: Trial) -> None:
    """The first call of all: nobody has a token yet."""
    slow_token(trial.stand)
    media_ids = (await trial.tool.do("cold"))["media_ids"]
    assert len(set(media_ids)) == 20
    assert token_calls(trial.stand) == 1


async def pictures_in_chunks_arrive_whole(trial: Trial) -> None:
    """The same file is the cover, which is a material, and stands in the article."""
    await trial.tool.do("draft")
    (cover,) = trial.stand.committed("material")
    (image,) = trial.stand.committed("image")
    assert cover.data["sha256"] == image.data["sha256"]
    assert image.data["bytes"] > _CHUNK


async def an_article_becomes_one_draft_with_its_looks(trial: Trial) -> None:
    """However often it is asked for."""
    before = len(trial.stand.committed("draft"))
    media_id = (await trial.tool.do("draft 一篇。", "draft 一篇。"))["media_id"]
    assert len(trial.stand.committed("draft")) == before + 1
    drafts = {its_id: draft for _, its_id, draft in trial.stand.sandbox.world.drafts}
    (article,) = drafts[media_id].articles
    (cover,) = trial.stand.committed("material")
    (image,) = trial.stand.committed("image")
    assert (article.title, article.author) == ("文颜写的标题", "作者")
    assert article.thumb_media_id == cover.data["media_id"]
    assert image.data["url"].partition("://")[2] in article.content
    assert "asset://" not in article.content
    assert "你好" in article.content
    assert "style=" in article.content


async def a_token_that_somebody_took_is_not_noticed(trial: Trial) -> None:
    """WeChat refuses the live token with 40001 from now on."""
    await trial.tool.do("draft")
    before = token_calls(trial.stand)
    trial.stand.sandbox.tokens.expire(VERIFIED.app_id, supersede=True)
    await trial.tool.do("draft 又一段。")
    assert token_calls(trial.stand) == before + 1


async def a_refusal_says_what_to_do(trial: Trial) -> None:
    """Of a wrong key the tool tells in words of its own."""
    async with trial.opens(app_id=_UNKNOWN) as tool:
        assert "检查 AppID" in await tool.shown("draft")
    async with trial.opens(key=READER_KEY) as tool:
        assert "请管理员加上该 scope" in await tool.shown("draft")
    async with trial.opens(key=WRONG_KEY) as tool:
        assert "检查传入的 --api-key" in await tool.shown("draft")


async def a_refusal_of_wechats_is_explained(trial: Trial) -> None:
    """Whatever it is; after the cure the same command goes on."""
    for errcode, cure in ((48001, "认证"), (40164, "白名单")):
        fault = Fault(kind="errcode", errcode=errcode, path="/cgi-bin/draft/add")
        trial.stand.sandbox.faults.add(fault)
        shown = await trial.tool.shown(f"draft {errcode}")
        assert str(errcode) in shown
        assert cure in shown
    await trial.tool.do("draft 40164")


COLUMNS: dict[str, Check] = {
    "20 cold": twenty_articles_at_once_cost_one_token,
    "upload": pictures_in_chunks_arrive_whole,
    "draft": an_article_becomes_one_draft_with_its_looks,
    "40001": a_token_that_somebody_took_is_not_noticed,
    "hint": a_refusal_says_what_to_do,
    "WeChat's no": a_refusal_of_wechats_is_explained,
}
