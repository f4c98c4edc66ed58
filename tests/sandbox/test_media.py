import io

import pytest
from PIL import Image

from tests.sandbox.caller import Caller, jpeg, png
from tests.sandbox.conftest import Start

UPLOADIMG = "/cgi-bin/media/uploadimg"
UPLOAD = "/cgi-bin/media/upload"


def webp() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, "WEBP")
    return out.getvalue()


def padded(data: bytes, length: int) -> bytes:
    """A picture made as long as wanted; what follows its end is ignored."""
    return data + bytes(length - len(data))


async def test_uploadimg_answers_a_url_on_wechats_host_as_text(caller: Caller) -> None:
    query = await caller.query({})
    files = {"media": ("a.jpg", jpeg(), "image/jpeg")}
    answer = await caller.http.post(UPLOADIMG, files=files, params=query)
    assert answer.headers["content-type"] == "text/plain"
    assert answer.json().keys() == {"url"}
    assert answer.json()["url"].startswith("http://mmbiz.qpic.cn/mmbiz_jpeg/")
    assert answer.json()["url"].endswith("/0?wx_fmt=jpeg")


async def test_the_same_bytes_are_served_by_the_sandbox(caller: Caller) -> None:
    url = await caller.image()
    served = await caller.http.get(url.replace("http://mmbiz.qpic.cn", "/mmbiz"))
    assert served.content == png()
    assert served.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("data", "filename", "errcode"),
    [
        (b"GIF89a" + bytes(50), "a.gif", 40005),
        (b"no picture", "a.png", 40005),
        (padded(png(), 1_000_000), "a.png", 40009),
        (png(), "noextension", 40005),
        (b"\x89PNG\r\n\x1a\n broken", "a.png", 40137),
        (png()[:16] + b"\x00\x00\x46\x62\x00\x00\x5f\x9d" + png()[24:], "a.png", 40137),
        (b"", "a.png", 41005),
    ],
)
async def test_uploadimg_refuses(caller: Caller, data: bytes, filename: str, errcode: int) -> None:
    assert (await caller.upload(UPLOADIMG, data, filename=filename))["errcode"] == errcode
    assert caller.sandbox.ledger.entries("image") == []


async def test_uploadimg_takes_a_picture_just_under_1_mb(caller: Caller) -> None:
    assert "url" in await caller.upload(UPLOADIMG, padded(png(), 999_999))


async def test_lenient_names_need_no_extension(start: Start) -> None:
    caller = await start(upload_names="lenient")
    assert "url" in await caller.upload(UPLOADIMG, png(), filename="blob")


async def test_temporary_media_can_be_fetched_for_three_days(caller: Caller) -> None:
    uploaded = await caller.upload(UPLOAD, png(), type="image")
    assert uploaded.keys() == {"type", "media_id", "created_at"}
    params = await caller.query({"media_id": uploaded["media_id"]})
    fetched = await caller.http.get("/cgi-bin/media/get", params=params)
    assert fetched.content == png()
    assert fetched.headers["content-disposition"] == 'attachment; filename="a.png"'
    await caller.advance(3 * 86_400)
    fresh = {"access_token": (await caller.stable())["access_token"]}
    gone = await caller.http.get("/cgi-bin/media/get", params=params | fresh)
    assert gone.json()["errcode"] == 40007


async def test_a_temporary_thumb_has_a_name_of_its_own(caller: Caller) -> None:
    uploaded = await caller.upload(
        UPLOAD, jpeg(), filename="a.jpg", content_type="image/jpeg", type="thumb"
    )
    assert uploaded.keys() == {"type", "thumb_media_id", "created_at"}


async def test_a_temporary_video_is_answered_as_a_url(caller: Caller) -> None:
    video = b"\x00\x00\x00\x18ftypmp42" + bytes(20)
    uploaded = await caller.upload(
        UPLOAD, video, filename="a.mp4", content_type="video/mp4", type="video"
    )
    answer = await caller.get("/cgi-bin/media/get", media_id=uploaded["media_id"])
    assert (await caller.http.get(answer["video_url"])).content == video


@pytest.mark.parametrize(
    ("kind", "data", "errcode"),
    [
        ("sticker", png(), 40004),
        ("image", webp(), 40137),
        ("image", b"%PDF-1.7", 40005),
        ("thumb", png(), 40005),
        ("thumb", padded(jpeg(), 64_001), 40006),
        ("image", padded(png(), 2_000_001), 45001),
        ("voice", b"ID3" + bytes(2_000_000), 45001),
    ],
)
async def test_temporary_media_are_checked(
    caller: Caller, kind: str, data: bytes, errcode: int
) -> None:
    assert (await caller.upload(UPLOAD, data, type=kind))["errcode"] == errcode


async def test_the_larger_limit_of_temporary_images_is_a_switch(start: Start) -> None:
    caller = await start(temporary_image_mb=10)
    assert "media_id" in await caller.upload(UPLOAD, padded(png(), 2_000_001), type="image")


async def test_a_chunked_upload_is_refused_before_the_api(caller: Caller) -> None:
    async def chunks() -> object:
        yield b"--b\r\n"

    query = await caller.query({})
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await caller.http.post(UPLOADIMG, content=chunks(), params=query, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.content) == (412, b"")
