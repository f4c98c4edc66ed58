from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.body import Body, BodyReader, MemoryBody, SpooledBody, StoredBody
from proxy.multipart import UploadIncomplete, find_file, mend_upload
from proxy.spool import Spool
from tests.proxy.conftest import inbound, receiving

TYPE = "multipart/form-data; boundary=B0undary"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4 + b"\r\n--B0und not the boundary\r\n"


def form(*parts: tuple[str, bytes], end: bytes = b"--B0undary--\r\n") -> bytes:
    return (
        b"".join(
            b"--B0undary\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts
        )
        + end
    )


def disposition(text: str, kind: str = "image/png") -> str:
    return f"Content-Disposition: form-data; {text}" + (f"\r\nContent-Type: {kind}" if kind else "")


async def contents(body: Body) -> bytes:
    return b"".join([chunk async for chunk in body.chunks()])


async def stored(data: bytes, tmp_path: Path) -> StoredBody:
    """On disk, whatever its size: as one that came chunked and large."""
    file = await Spool(tmp_path, max_bytes=50_000_000).open()
    await file.append(data)
    return SpooledBody(file)


@pytest.mark.parametrize(
    "text",
    [
        'name="media"; filename="a.png"',
        'name="media";filename=a.png',
        'filename="a.png"; name="media"',
    ],
)
async def test_a_form_that_wechat_takes_is_the_very_same(text: str) -> None:
    body = MemoryBody(form((disposition(text), PNG)))
    assert await mend_upload(body, TYPE, part_name="media") is body


@pytest.mark.parametrize(
    ("text", "kind", "mended"),
    [
        ('name="media"; filename="图片.JPG"', "image/jpeg", ("media", "upload.jpg", "image/jpeg")),
        ('name="media"', "image/png", ("media", "upload.png", "image/png")),
        ('name="media"', "", ("media", "upload.png", "image/png")),
        ('name="media"; filename=""', "", ("media", "upload.png", "image/png")),
        ('name="file"; filename="a.gif"', "image/gif", ("media", "a.gif", "image/gif")),
        (
            'name="media"; filename="a.bmp"; filename*=utf-8\'\'%E5%9B%BE.bmp',
            "image/bmp",
            ("media", "a.bmp", "image/bmp"),
        ),
        (
            "name=\"media\"; filename*=utf-8''%E5%9B%BE.mp3",
            "",
            ("media", "upload.mp3", "image/png"),
        ),
        ('name="media"; filename="a.png"', "", ("media", "a.png", "image/png")),
        ('name="media"; filename="图"', "", ("media", "upload.png", "image/png")),
    ],
)
@pytest.mark.parametrize("on_disk", [False, True])
async def test_only_the_headers_of_the_file_change(
    tmp_path: Path, text: str, kind: str, mended: tuple[str, str, str], *, on_disk: bool
) -> None:
    about = ('Content-Disposition: form-data; name="description"', '{"title":"片"}'.encode())
    data = form(about, (disposition(text, kind), PNG))
    body = await stored(data, tmp_path) if on_disk else MemoryBody(data)
    result = await mend_upload(body, TYPE, part_name="media")
    name, filename, new_kind = mended
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {new_kind}'
    expected = form(about, (head, PNG))
    assert await contents(result) == expected
    assert result.size == len(expected)
    result.close()


async def test_without_a_wanted_name_the_part_keeps_its_own() -> None:
    body = MemoryBody(form((disposition('name="img"; filename="图.png"'), PNG)))
    result = await mend_upload(body, TYPE, part_name=None)
    assert b'name="img"; filename="upload.png"' in await contents(result)


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (form((disposition('name="a"; filename="图.png"'), PNG), (disposition('name="b"; filename="图.png"'), PNG)), TYPE),
        (form(('Content-Disposition: form-data; name="x"', b"text")), TYPE),
        (b"", TYPE),
        (b"no form at all" * 1_000, TYPE),
        (b"--B0undary\r\nno end of headers\r\n--B0undary--", TYPE),
        (b"--B0undary\r\n" * 5_000, TYPE),
        (b"--B0undary\r\nX: " + b"y" * 20_000 + b"\r\n\r\nz\r\n--B0undary--\r\n", TYPE),
        (form((disposition('name="media"'), PNG)), "multipart/form-data"),
        (form((disposition('name="media"'), PNG)), "multipart/form-data; boundary=other"),
    ],
)  # fmt: skip
async def test_a_form_that_cannot_be_read_goes_as_it_is(data: bytes, content_type: str) -> None:
    body = MemoryBody(data)
    assert await mend_upload(body, content_type, part_name="media") is body


@pytest.mark.parametrize("piece", [1, 7, 64, 1_000])
async def test_a_boundary_across_two_pieces_is_found(piece: int) -> None:
    class InPieces(MemoryBody):
        async def chunks(self) -> AsyncIterator[bytes]:
            for at in range(0, len(self.data), piece):
                yield self.data[at : at + piece]

    data = form((disposition('name="media"'), PNG))
    result = await mend_upload(InPieces(data), TYPE, part_name="media")
    whole = await mend_upload(MemoryBody(data), TYPE, part_name="media")
    assert result.size == whole.size != len(data)


async def test_a_quoted_boundary_is_understood() -> None:
    data = form((disposition('name="media"'), PNG))
    result = await mend_upload(
        MemoryBody(data),
        'multipart/form-data; charset=utf-8; boundary="B0undary"',
        part_name="media",
    )
    assert result.size != len(data)


async def test_a_body_read_from_the_wire_is_mended_too(tmp_path: Path) -> None:
    data = form((disposition('name="media"; filename="图.png"'), PNG * 3_000))
    reader = BodyReader(Spool(tmp_path, max_bytes=50_000_000), max_body_mb=20)
    request = inbound(method="POST", headers={"content-length": str(len(data))})
    body = await reader.read(request, receiving(data[:500_000], data[500_000:]))
    assert body is not None
    result = await mend_upload(body, TYPE, part_name="media")
    sent = await contents(result)
    assert PNG * 3_000 in sent
    assert sent.isascii() is False
    assert b"\xe5" not in sent.split(b"\r\n\r\n")[0]
    result.close()


@pytest.mark.parametrize("end", [b"", b"--B0undary", b"--B0undary\r\n", b"--B0und"])
async def test_a_form_without_its_end_is_refused_for_its_file_may_be_cut(
    end: bytes, tmp_path: Path
) -> None:
    cut = form((disposition('name="media"; filename="a.png"'), PNG), end=end)
    for body in (MemoryBody(cut), await stored(cut, tmp_path)):
        with pytest.raises(UploadIncomplete):
            await mend_upload(body, TYPE, part_name="media")
        body.close()


CAPTION = disposition('name="description"', "")


async def test_a_file_is_exchanged_and_the_other_parts_keep_every_byte(tmp_path: Path) -> None:
    head = disposition('name="media"; filename="a.webp"', "image/webp")
    parts = [(CAPTION, "说明\r\n--B0und".encode()), (head, PNG), (CAPTION, b"")]
    data = form(*parts)
    new = disposition('name="media"; filename="image.jpg"', "image/jpeg")
    expected = form(parts[0], (new, b"\xff\xd8\xffnew"), parts[2])
    for body in (MemoryBody(data), await stored(data, tmp_path)):
        file = await find_file(body, TYPE)
        assert file is not None
        assert await file.read() == PNG
        assert file.extension == "webp"
        sent = await file.exchanged(b"\xff\xd8\xffnew", "image.jpg", "image/jpeg")
        assert sent == expected
        body.close()


@pytest.mark.parametrize(
    ("named", "extension"),
    [
        ('filename="A.PNG"', "png"),
        ("filename*=UTF-8''%E5%9B%BE.jpeg", "jpeg"),
        ('filename="blob"', ""),
        ('filename=""', ""),
    ],
)
async def test_a_files_name_tells_its_extension(named: str, extension: str) -> None:
    head = disposition(f'name="media"; {named}')
    file = await find_file(MemoryBody(form((head, PNG))), TYPE)
    assert file is not None
    assert file.extension == extension


async def test_a_form_without_just_one_file_has_none() -> None:
    head = disposition('name="media"; filename="a.png"')
    for data in (form((CAPTION, b"x")), form((head, PNG), (head, PNG)), b"no form"):
        assert await find_file(MemoryBody(data), TYPE) is None
    assert await find_file(MemoryBody(form((head, PNG))), "image/png") is None


async def test_a_file_that_may_be_cut_is_not_exchanged() -> None:
    head = disposition('name="media"; filename="a.png"')
    with pytest.raises(UploadIncomplete):
        await find_file(MemoryBody(form((head, PNG), end=b"")), TYPE)
