from tests.sandbox.caller import Caller


async def test_a_draft_comes_back_with_wechats_fields(caller: Caller) -> None:
    image = await caller.image()
    media_id = await caller.draft(author="作者", content=f'<p>字</p><img src="{image}">')
    got = await caller.read(media_id)
    assert got.keys() == {
        *("article_type", "title", "author", "digest", "content", "content_source_url"),
        *("thumb_media_id", "thumb_url", "show_cover_pic", "need_open_comment"),
        *("only_fans_can_comment", "url"),
    }
    assert got["content"] == f'<p>字</p><img src="{image}">'
    assert got["thumb_url"].startswith("http://mmbiz.qpic.cn/mmbiz_png/")
    assert got["url"].startswith(f"{caller.sandbox.url}/s/")


async def test_a_cover_deleted_later_leaves_no_url(caller: Caller) -> None:
    thumb = await caller.thumb()
    media_id = await caller.draft(thumb_media_id=thumb)
    await caller.post("/cgi-bin/material/del_material", {"media_id": thumb})
    assert (await caller.read(media_id))["thumb_url"] == ""
