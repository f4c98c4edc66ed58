import io
import random
import stat
import struct
import warnings
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest

from content.refusals import ArchiveInvalid
from content.unzip import unzip

BOUNDS = {"max_bytes": 1_000_000, "max_files": 50}


def packed(*entries: tuple[str | ZipInfo, bytes], how: int = ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), ZipFile(out, "w", how) as archive:
        warnings.simplefilter("ignore")  # a name that is there twice
        for name, data in entries:
            archive.writestr(name, data, compress_type=how)
    return out.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    told, joined = unzip(BOUNDS, data)
    stream = io.BytesIO(joined)
    files = {path: stream.read(size) for path, size in told["files"]}
    assert stream.read() == b""
    return files


def refusal(data: bytes) -> tuple[str, str]:
    """The entry that is refused, and why."""
    with pytest.raises(ArchiveInvalid) as refused:
        unzip(BOUNDS, data)
    return str(refused.value.values["entry"]), str(refused.value.values["en"])


def with_raw_name(name: bytes, flags: int = 0) -> bytes:
    """An archive whose one entry is called so, in bytes that zipfile would not write."""
    data = packed(("N" * len(name), b"x"), how=ZIP_STORED)
    data = data.replace(b"N" * len(name), name)
    central = data.index(b"PK\x01\x02")
    local = bytearray(data)
    struct.pack_into("<H", local, 6, flags)
    struct.pack_into("<H", local, central + 8, flags)
    return bytes(local)


def test_files_come_out_with_their_paths_and_litter_does_not() -> None:
    data = packed(
        ("posts/", b""),
        ("posts/一.md", "文".encode()),
        ("posts\\img\\a.png", b"A"),
        ("__MACOSX/posts/._一.md", b"x"),
        ("posts/.git/config", b"x"),
        ("posts/Thumbs.db", b"x"),
        ("empty.md", b""),
    )
    expected = {"posts/一.md": "文".encode(), "posts/img/a.png": b"A", "empty.md": b""}
    assert unpacked(data) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_names_without_the_flag_are_utf_8_or_gbk(encoding: str) -> None:
    assert unpacked(with_raw_name("图片乗.png".encode(encoding))) == {"图片乗.png": b"x"}


@pytest.mark.parametrize(
    "name",
    ["../a.md", "a/../../b.md", "/etc/passwd", "C:\\a.md", "c:a.md", "a//b.md", "./a.md", "..\\a"],
)
def test_a_path_that_leads_out_is_refused(name: str) -> None:
    entry, why = refusal(packed((name, b"x")))
    assert entry == name.replace("\\", "/")
    assert why == "its path leads out of the folder"


def test_links_encryption_archives_and_other_packings_are_refused() -> None:
    link = ZipInfo("a.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    fifo = ZipInfo("b.png")
    fifo.external_attr = (stat.S_IFIFO | 0o777) << 16
    assert refusal(packed((link, b"/etc/passwd"))) == ("a.png", "it is a link or a special file")
    assert refusal(packed((fifo, b""))) == ("b.png", "it is a link or a special file")
    assert refusal(with_raw_name(b"a.md", flags=1)) == ("a.md", "it is encrypted")
    inner = packed(("a.md", b"x"))
    assert refusal(packed(("x/in.ZIP", inner))) == (
        "x/in.ZIP",
        "it is an archive within the archive",
    )
    assert refusal(packed(("a.md", b"x" * 99), how=ZIP_BZIP2)) == ("a.md", "not packed by Deflate")


def test_names_that_are_none_are_refused() -> None:
    assert refusal(with_raw_name(b"a\x01b"))[1] == "its name has a control character"
    assert refusal(with_raw_name(b"\xff\xff\xff"))[1] == "its name is neither UTF-8 nor GBK"
    assert refusal(packed(("x" * 600, b"")))[1] == "its name is empty or too long"
    assert refusal(packed(("a.md", b"1"), ("a.md", b"2"))) == ("a.md", "it is there twice")
    # One name in two ways to write it.
    assert refusal(packed(("e\u0301.md", b"1"), ("\u00e9.md", b"2"))) == (
        "\u00e9.md",
        "it is there twice",
    )


def test_a_bomb_is_refused_by_what_it_says_and_not_believed_if_it_lies() -> None:
    bomb = packed(("a.md", b"fine"), ("b.md", bytes(2_000_000)))
    assert len(bomb) < 5_000
    assert refusal(bomb) == ("b.md", "it unpacks to over 1 MB")
    lying = bytearray(bomb)
    size = struct.pack("<I", 2_000_000)
    while (at := lying.find(size)) >= 0:
        lying[at : at + 4] = struct.pack("<I", 100)
    assert refusal(bytes(lying)) == ("b.md", "it is damaged")


def test_too_many_entries_are_refused() -> None:
    names = [(f"{n}.md", b"") for n in range(51)]
    assert refusal(packed(*names)) == ("ZIP", "over 50 entries")


@pytest.mark.parametrize("data", [b"", b"PK", b"# Markdown", packed(("a.md", b"x"))[:-5]])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    assert refusal(data) == ("ZIP", "not a whole ZIP file")


def test_damage_anywhere_is_refused_or_does_no_harm() -> None:
    whole = packed(("a.md", b"text " * 50), ("img/b.png", random.Random(1).randbytes(200)))
    chance = random.Random(2)
    for _ in range(1_500):
        broken = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            files = unpacked(bytes(broken))
        except ArchiveInvalid:
            continue
        assert sum(map(len, files.values())) <= BOUNDS["max_bytes"]
