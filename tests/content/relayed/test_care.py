import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from content.bring import Brought
from content.options import RenderOptions
from content.pictures.errors import ImageInvalid
from content.pictures.target import DEFAULT_OPTIONS, PictureOptions
from content.relayed.care import DraftCare
from content.relayed.inspect import DraftLint
from content.relayed.notes import Cared
from content.renderer import Renderer
from content.settings import ContentSettings
from content.uploads import UploadKind
from content.workers import WorkerPool, WorkFailed

A, B, SLOW = (f"https://a.invalid/{name}.png" for name in ("a", "b", "slow"))


class Pictures:
    """Brings everything but pictures whose address says that they are broken or slow."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def upload(
        self,
        account: str,
        src: str,
        files: Mapping[str, bytes],
        kind: UploadKind,
        options: PictureOptions = DEFAULT_OPTIONS,
    ) -> Brought:
        del account, files, options
        self.asked.append((src, kind))
        if "slow" in src:
            await asyncio.Event().wait()
        if "broken" in src:
            raise ImageInvalid(picture=src)
        return Brought(f"https://mmbiz.qpic.cn/{len(self.asked)}", None, 1)

    async def placeholder(self, account: str, kind: UploadKind, alt: str) -> Brought:
        del account, kind, alt
        return Brought("https://mmbiz.qpic.cn/placeholder", None, 0)


class Stand:
    def __init__(self, pool: WorkerPool) -> None:
        self.pool = pool
        self.pictures = Pictures()

    async def care(
        self, body: bytes, *, lint: bool = False, seconds: float = 30, **options: Any
    ) -> Cared:
        care = DraftCare(
            *(
                self.pool,
                self.pictures,
                DraftLint(self.pool, Renderer(self.pool, ContentSettings())),
            ),
            RenderOptions(**options),
            max_images=3,
            concurrency=2,
        )
        ends_at = asyncio.get_running_loop().time() + seconds
        return await care.look_after("main", body, images=True, lint=lint, ends_at=ends_at)


@pytest.fixture
def stand(pool: WorkerPool) -> Stand:
    return Stand(pool)


def draft(*sources: str, **more: Any) -> bytes:
    content = "".join(f'<img src="{src}">' for src in sources)
    return json.dumps({"articles": [{"content": content + "x", **more}]}).encode()


def content_of(cared: Cared) -> str:
    return str(json.loads(cared.body)["articles"][0]["content"])


async def test_each_picture_is_asked_for_once(stand: Stand) -> None:
    cared = await stand.care(draft(A, B, A))
    assert stand.pictures.asked == [(A, "article"), (B, "article")]
    assert (cared.placed, cared.failed, cared.notes) == (2, 0, ())
    assert content_of(cared).count("https://mmbiz.qpic.cn/") == 3


async def test_a_picture_that_fails_keeps_its_address(stand: Stand) -> None:
    cared = await stand.care(draft(A, "https://a.invalid/broken.png"))
    assert (cared.placed, cared.failed) == (1, 1)
    assert "https://a.invalid/broken.png" in content_of(cared)
    (note,) = cared.notes
    assert (note.rule, note.field) == ("image_failed", "articles[0].images[1]")


async def test_where_a_placeholder_is_wanted_it_stands_for_it(stand: Stand) -> None:
    cared = await stand.care(draft("https://a.invalid/broken.png"), image_failure="placeholder")
    assert "https://mmbiz.qpic.cn/placeholder" in content_of(cared)
    assert (cared.placed, cared.failed) == (0, 1)
    assert [note.rule for note in cared.notes] == ["image_failed"]


async def test_what_was_there_in_time_is_placed(stand: Stand) -> None:
    cared = await stand.care(draft(A, SLOW), seconds=2)
    assert (cared.placed, cared.failed) == (1, 1)
    assert SLOW in content_of(cared)
    assert [(n.rule, n.field) for n in cared.notes] == [
        ("enhance_timeout", "articles[0].images[1]")
    ]


async def test_without_time_the_draft_goes_up_as_it_came(stand: Stand) -> None:
    cared = await stand.care(body := draft(A), seconds=0)
    assert cared.body is body
    assert [note.rule for note in cared.notes] == ["enhance_timeout"]


async def test_more_pictures_than_may_be_are_told(stand: Stand) -> None:
    cared = await stand.care(draft(*(f"{A}?{i}" for i in range(5))))
    assert (cared.placed, [note.rule for note in cared.notes]) == (3, ["too_many_images"])


@pytest.mark.parametrize("body", [b"", b"not json", b"{" * 50_000, b'{"articles":' + b"[" * 90_000])
async def test_what_cannot_be_read_goes_up_as_it_came(stand: Stand, body: bytes) -> None:
    cared = await stand.care(body)
    assert cared.body is body
    assert cared.notes[0].rule in ("enhance_not_readable", "enhance_failed")


async def test_a_worker_that_breaks_costs_no_draft(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise WorkFailed

    monkeypatch.setattr(stand.pool, "run", broken)
    cared = await stand.care(body := draft(A))
    assert cared.body is body
    assert [note.rule for note in cared.notes] == ["enhance_failed"]


async def test_lint_looks_at_the_draft_as_it_goes_up(stand: Stand) -> None:
    cared = await stand.care(draft(A, title="长" * 40), lint=True)
    assert [(n.rule, n.level, n.field) for n in cared.notes if n.level == "error"] == [
        ("draft_title_too_long", "error", "articles[0].title")
    ]
    assert not any("image" in note.rule for note in cared.notes)
