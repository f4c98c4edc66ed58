import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from wxgate_client.gateway import AsyncGateway
from wxgate_client.memory import NAME, Entry, Memory
from wxgate_client.plan import Plan, Step, Wish
from wxgate_client.publishing import Outcome
from wxgate_client.session import (
    Order,
    Selection,
    Session,
    Target,
    UsageFault,
    check_time,
    publish,
)

from tests.e2e.conftest import KEY

PNG = b"\x89PNG\r\n\x1a\n"


class Kept:
    """Keeps what would be shown."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.told: list[Outcome] = []
        self.news = asyncio.Event()

    def plan(self, plan: Plan) -> None:
        self.plans.append(plan)

    def job(self, step: Step, job: dict[str, Any]) -> None:
        pass

    def outcomes(self, outcomes: Sequence[Outcome]) -> None:
        self.told += outcomes
        if outcomes:
            self.news.set()

    async def next(self) -> Outcome:
        async with asyncio.timeout(60):
            await self.news.wait()
        self.news.clear()
        return self.told[-1]


def order(*paths: Path, watch: bool = False, bundle: bool = False, **wish: Any) -> Order:
    selection = Selection(tuple(map(str, paths)), is_bundle=bundle)
    return Order(selection, Wish(**wish), watch=watch)


async def test_a_folder_is_published_and_remembered_beside_it(stand: Any, tmp_path: Path) -> None:
    posts = tmp_path / "posts"
    (posts / "sub").mkdir(parents=True)
    (posts / "a.md").write_text("# a\n\nb")
    (posts / "sub" / "b.md").write_text("# b\n\nb")
    looks, target = Kept(), Target(stand.url, KEY, "main", sign=True)
    outcomes = await publish(target, order(posts), looks)
    assert [outcome.state for outcome in outcomes] == ["succeeded", "succeeded"]
    assert looks.told == outcomes
    assert set(Memory(posts, stand.url, "main")) == {"a.md", "sub/b.md"}
    # One of its files alone is known by the folder's record too.
    (again,) = await publish(target, order(posts / "sub" / "b.md"), Kept())
    assert again.state == "unchanged"
    assert [path.name for path in tmp_path.rglob(NAME)] == [NAME]
    assert len(stand.committed("draft")) == 2


async def test_a_folder_that_cannot_be_written_to_is_told_at_the_end(
    stand: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text("# a\n\nb")
    target = Target(stand.url, KEY, "main")

    def read_only(*_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system", str(tmp_path / NAME))

    with monkeypatch.context() as patch, pytest.raises(UsageFault, match="nothing is done twice"):
        patch.setattr(Path, "write_text", read_only)
        await publish(target, order(tmp_path), Kept())
    (again,) = await publish(target, order(tmp_path), Kept())
    assert again.state == "succeeded"
    assert len(stand.committed("draft")) == 1


async def test_what_is_edited_while_one_watches_is_published(stand: Any, tmp_path: Path) -> None:
    path, looks = tmp_path / "a.md", Kept()
    path.write_text("# a\n\nb")
    known = {"hash": "z", "job": "job_1", "state": "succeeded", "media_id": "M"}
    memory = Memory(tmp_path, stand.url, "main")
    memory.put("gone.md", Entry(**known))
    memory.save()
    async with AsyncGateway(stand.url, KEY) as gateway:
        session = Session(gateway, stand.url, "main")
        watching = asyncio.ensure_future(
            session.watch(Selection((str(tmp_path),)), Wish(), looks, every_s=0.05, again_s=0)
        )
        assert (await looks.next()).state == "succeeded"
        (tmp_path / "b.md").write_text("# " + "题" * 33)
        assert (await looks.next()).state == "failed"
        (tmp_path / "b.md").write_text("# b\n\nb")
        assert (await looks.next()).state == "succeeded"
        (tmp_path / NAME).write_text("{")
        (tmp_path / "c.md").write_text("# c\n\nc")
        broken = await looks.next()
        assert (broken.state, NAME in (broken.error or {})["message"]) == ("unreadable", True)
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
    assert len(stand.committed("draft")) == 2
    assert [len(plan.gone) for plan in looks.plans[:3]] == [1, 0, 0]


async def test_while_the_gateway_is_away_one_who_watches_tries_again(
    tmp_path: Path, unused_port: int
) -> None:
    (tmp_path / "a.md").write_text("# a")
    url, looks = f"http://127.0.0.1:{unused_port}", Kept()
    async with AsyncGateway(url, KEY) as gateway:
        watching = asyncio.ensure_future(
            Session(gateway, url, "main").watch(
                *(Selection((str(tmp_path),)), Wish(), looks), every_s=60, again_s=0
            )
        )
        assert [(await looks.next()).state for _ in range(3)] == ["unreachable"] * 3
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching


def test_a_plan_needs_no_gateway(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# a")
    (step,) = order(tmp_path).plan("", "").steps
    assert step.kind == "new"
    memory = Memory(tmp_path, "https://gate", "main")
    memory.put("a.md", Entry(hash=step.hash, job="j", state="succeeded"))
    memory.save()
    assert order(tmp_path).plan("https://gate", "").steps[0].kind == "unchanged"
    assert order(tmp_path).plan("https://other", "").steps[0].kind == "new"
    (tmp_path / NAME).write_text("{")
    for account in ("", "main"):
        with pytest.raises(UsageFault, match="no record"):
            order(tmp_path).plan("https://gate", account)


def test_what_cannot_be_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    for text in ("2026-12-01T08:00:00", "tomorrow"):
        with pytest.raises(UsageFault, match="with offset"):
            check_time(text)
    check_time("")
    at = "2026-12-01T08:00:00+08:00"
    check_time(at, clock=lambda: 1_796_083_500.0)
    with pytest.raises(UsageFault, match="past"):
        check_time(at, clock=lambda: 1_796_083_501.0)
    with pytest.raises(UsageFault, match="nothing matches"):
        Selection(("none*.md",)).drafts()
    (tmp_path / "binary.md").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageFault, match="UTF-8"):
        Selection((str(tmp_path),)).drafts()


def test_a_bundle_has_at_most_eight_and_one_meaning_of_a_picture(tmp_path: Path) -> None:
    for number in range(9):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        (folder / "a.png").write_bytes(PNG + bytes([number]))
        (folder / "a.md").write_text("![](a.png)")
    nine = tuple(str(tmp_path / f"{number}" / "a.md") for number in range(9))
    with pytest.raises(UsageFault, match="9 > 8"):
        Selection(nine, is_bundle=True).drafts()
    with pytest.raises(UsageFault, match=r"a\.png"):
        Selection(nine[:2], is_bundle=True).drafts()
    assert len(Selection(nine[:1], is_bundle=True).drafts()) == 1
