from typing import Any

import pytest

from wechat.call import BadAnswer, Upload
from wechat.material import Material, MaterialClient

PICTURE = Upload("a.png", "image/png", b"png")


async def test_an_article_images_url_comes_back_as_https(fake_call: Any) -> None:
    call = fake_call({"url": "http://mmbiz.qpic.cn/a/0?wx_fmt=png"})
    url = await MaterialClient(call).uploadimg("main", PICTURE)
    assert url == "https://mmbiz.qpic.cn/a/0?wx_fmt=png"
    assert call.asked == [("main", "/cgi-bin/media/uploadimg", (PICTURE, {}))]


async def test_a_permanent_image_gives_its_media_id(fake_call: Any) -> None:
    call = fake_call({"media_id": "M1", "url": "http://mmbiz.qpic.cn/b"})
    added = await MaterialClient(call).add_image("main", PICTURE)
    assert added == Material("M1", "https://mmbiz.qpic.cn/b")
    assert call.asked[0][2][1] == {"type": "image"}


async def test_a_thumb_gives_its_media_id(fake_call: Any) -> None:
    call = fake_call({"media_id": "M2"})
    assert await MaterialClient(call).add_thumb("main", PICTURE) == "M2"
    assert call.asked[0][2][1] == {"type": "thumb"}


@pytest.mark.parametrize("answer", [{}, {"url": ""}, {"url": 3}, {"url": "javascript:x"}])
async def test_an_answer_without_a_url_is_no_success(fake_call: Any, answer: Any) -> None:
    with pytest.raises(BadAnswer):
        await MaterialClient(fake_call(answer)).uploadimg("main", PICTURE)


async def test_an_answer_without_a_media_id_is_no_success(fake_call: Any) -> None:
    with pytest.raises(BadAnswer):
        await MaterialClient(fake_call({"url": "u"})).add_image("main", PICTURE)
    with pytest.raises(BadAnswer):
        await MaterialClient(fake_call({"url": "u"})).add_thumb("main", PICTURE)
