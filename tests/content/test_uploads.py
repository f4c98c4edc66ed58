import asyncio

import pytest

from content.pictures.errors import ImageInvalid
from content.pictures.gate import Fitted
from content.pictures.target import PictureOptions
from content.uploads import Uploader
from tests.content.conftest import FakeCall, MemoryUploads
from wechat.material import MaterialClient


@pytest.fixture
def call() -> FakeCall:
    return FakeCall()


@pytest.fixture
def uploader(call: FakeCall) -> Uploader:
    return Uploader(MaterialClient(call), MemoryUploads())


async def _fit() -> Fitted:
    return Fitted(b"fitted", "image/png", "passed")


async def test_a_picture_goes_up_once_for_each_account_and_kind(
    uploader: Uploader, call: FakeCall
) -> None:
    first = await uploader.upload("a", "article", b"source", _fit)
    assert first.value == "https://mmbiz.qpic.cn/1/0?wx_fmt=png&x=1"
    assert first.fitted is not None
    again = await uploader.upload("a", "article", b"source", _fit)
    assert (again.value, again.fitted) == (first.value, None)
    await uploader.upload("b", "article", b"source", _fit)
    await uploader.upload("a", "material", b"source", _fit)
    assert call.paths() == ["uploadimg", "uploadimg", "add_material"]


async def test_with_other_options_it_is_another_picture(uploader: Uploader, call: FakeCall) -> None:
    for options in (PictureOptions(), PictureOptions(60, 0), PictureOptions(60, 900)):
        for _ in range(2):
            await uploader.upload("a", "article", b"source", _fit, options=options)
    assert len(call.uploads) == 3


async def test_a_gif_of_an_article_goes_to_the_library_and_gives_its_url(
    uploader: Uploader, call: FakeCall
) -> None:
    async def moving() -> Fitted:
        return Fitted(b"GIF89a", "image/gif", "passed")

    article = await uploader.upload("a", "article", b"moves", moving)
    assert article.value == "https://mmbiz.qpic.cn/m"
    material = await uploader.upload("a", "material", b"moves", moving)
    assert material.value == "MEDIA-2"
    assert call.paths() == ["add_material", "add_material"]


async def test_a_thumb_is_added_as_one(uploader: Uploader, call: FakeCall) -> None:
    thumb = await uploader.upload("a", "thumb", b"source", _fit)
    assert thumb.value == "MEDIA-1"
    assert call.queries == [{"type": "thumb"}]


async def test_many_articles_with_the_same_picture_at_once_upload_it_once(
    uploader: Uploader, call: FakeCall
) -> None:
    fits = 0

    async def fit() -> Fitted:
        nonlocal fits
        fits += 1
        return await _fit()

    uploads = [uploader.upload("a", "article", b"source", fit) for _ in range(50)]
    values = {uploaded.value for uploaded in await asyncio.gather(*uploads)}
    assert (len(values), len(call.uploads), fits) == (1, 1, 1)


async def test_an_upload_under_way_is_remembered_though_its_article_was_given_up(
    uploader: Uploader, call: FakeCall
) -> None:
    at_wechat, answer = asyncio.Event(), asyncio.Event()

    async def before(_path: str) -> None:
        at_wechat.set()
        await answer.wait()

    call.before = before
    task = asyncio.ensure_future(uploader.upload("a", "article", b"source", _fit))
    await at_wechat.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    second = asyncio.ensure_future(uploader.upload("a", "article", b"source", _fit))
    await asyncio.sleep(0)
    answer.set()
    assert (await second).value.startswith("https://mmbiz")
    assert len(call.uploads) == 1


async def test_what_nobody_waits_for_is_not_begun(uploader: Uploader, call: FakeCall) -> None:
    fitting, ended = asyncio.Event(), asyncio.Event()

    async def endless() -> Fitted:
        fitting.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    first, second = (
        asyncio.ensure_future(uploader.upload("a", "article", b"source", endless)) for _ in range(2)
    )
    await fitting.wait()
    first.cancel()
    await asyncio.sleep(0)
    assert not ended.is_set()  # the other one still waits
    second.cancel()
    await asyncio.sleep(0)
    # One who comes now has nothing to do with those who left.
    assert (await uploader.upload("a", "article", b"source", _fit)).fitted is not None
    assert ended.is_set()
    assert len(call.uploads) == 1


async def test_a_failure_reaches_all_who_wait_and_is_not_remembered(
    uploader: Uploader, call: FakeCall
) -> None:
    async def broken() -> Fitted:
        raise ImageInvalid(picture="x")

    uploads = [uploader.upload("a", "article", b"source", broken) for _ in range(3)]
    results = await asyncio.gather(*uploads, return_exceptions=True)
    assert [str(result) for result in results] == [str(ImageInvalid(picture="x"))] * 3
    # Each article writes its own field into the error.
    assert len({id(result) for result in results}) == 3
    assert (await uploader.upload("a", "article", b"source", _fit)).fitted is not None


async def test_closing_stops_what_is_under_way(uploader: Uploader, call: FakeCall) -> None:
    async def before(_path: str) -> None:
        await asyncio.Event().wait()

    call.before = before
    task = asyncio.ensure_future(uploader.upload("a", "article", b"source", _fit))
    await asyncio.sleep(0.01)
    await uploader.aclose()
    with pytest.raises(asyncio.CancelledError):
        await task
