import pytest

from tests.sandbox.caller import Caller


async def test_a_published_article_is_a_page_with_its_pictures(caller: Caller) -> None:
    image = await caller.image()
    media_id = await caller.draft(
        title="标题 <b>&",
        author="作者",
        content=f'<p style="color:#111">正文</p><img src="{image}">',
        content_source_url="https://example.com/?a=1&b=2",
    )
    preview = (await caller.read(media_id))["url"]
    publish_id = await caller.submit(media_id)
    await caller.advance(3600)
    url = (await caller.status(publish_id))["article_detail"]["item"][0]["article_url"]
    page = await caller.http.get(url)
    assert page.status_code == 200
    assert "<title>标题 &lt;b&gt;&amp;</title>" in page.text
    for part in ("作者", "网关试验田", "年", '<p style="color: rgb(17, 17, 17);">正文</p>'):
        assert part in page.text
    assert "https://example.com/?a=1&amp;b=2" in page.text
    assert "mmbiz.qpic.cn" not in page.text
    local = image.replace("http://mmbiz.qpic.cn/", "/mmbiz/")
    assert f'<img src="{local}">' in page.text
    assert (await caller.http.get(local)).status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    # The draft's preview ended with the draft.
    assert (await caller.http.get(preview)).status_code == 404


async def test_a_draft_has_a_preview_that_says_so(caller: Caller) -> None:
    media_id = await caller.draft()
    page = await caller.http.get((await caller.read(media_id))["url"])
    assert page.status_code == 200
    assert "草稿预览" in page.text
    await caller.post("/cgi-bin/draft/delete", {"media_id": media_id})
    assert (await caller.http.get(str(page.url))).status_code == 404


async def test_a_deleted_article_says_that_it_is_gone(caller: Caller) -> None:
    publish_id = await caller.submit(await caller.draft())
    await caller.advance(3600)
    done = await caller.status(publish_id)
    await caller.post("/cgi-bin/freepublish/delete", {"article_id": done["article_id"]})
    page = await caller.http.get(done["article_detail"]["item"][0]["article_url"])
    assert (page.status_code, "已被发布者删除" in page.text) == (404, True)


async def test_the_pictures_of_a_newspic_are_on_its_page(caller: Caller) -> None:
    images = [{"image_media_id": await caller.thumb()} for _ in range(2)]
    media_id = await caller.draft(article_type="newspic", image_info={"image_list": images})
    page = await caller.http.get((await caller.read(media_id))["url"])
    assert page.text.count('<img src="/mmbiz/mmbiz_png/') == 2


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("morning.jpg", "image/jpeg"),
        ("harbour.jpg", "image/jpeg"),
        ("flow.png", "image/png"),
        ("tokens.png", "image/png"),
        ("bars.webp", "image/webp"),
        ("night.webp", "image/webp"),
    ],
)
async def test_the_samples_pictures_are_served(caller: Caller, name: str, media_type: str) -> None:
    answer = await caller.http.get(f"/sample/{name}")
    assert answer.headers["content-type"] == media_type
    assert len(answer.content) <= 60_000


@pytest.mark.parametrize("name", ["article.md", "none.png", "..%2fapp.py", "%2e%2e"])
async def test_nothing_else_is_served_as_a_sample(caller: Caller, name: str) -> None:
    assert (await caller.http.get(f"/sample/{name}")).status_code == 404
