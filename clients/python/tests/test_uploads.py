import asyncio
import json
from pathlib import Path

import httpx
import pytest
from wxgate_client.errors import Refused
from wxgate_client.gateway import AsyncGateway
from wxgate_client.uploads import Uploads


class Store:
    """A gateway that keeps files, and counts what travels."""

    def __init__(self, *kept: str) -> None:
        self.kept = set(kept)
        self.questions: list[int] = []
        self.put: list[str] = []
        self.most = self._under_way = 0

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            asked = json.loads(request.content)["sha256"]
            self.questions.append(len(asked))
            return httpx.Response(
                200, json={"missing": [it for it in asked if it not in self.kept]}
            )
        name = request.url.path.rpartition("/")[2]
        if name.startswith("bad"):
            return httpx.Response(422, json={"error": {"code": "file_hash_mismatch"}})
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        await asyncio.sleep(0.01)
        self._under_way -= 1
        self.put.append(name)
        return httpx.Response(201, json={})

    def open(self) -> AsyncGateway:
        return AsyncGateway("http://gate", "k", transport=httpx.MockTransport(self.answer))


def files(root: Path, *names: str) -> dict[str, Path]:
    for name in names:
        (root / name).write_text(name)
    return {name: root / name for name in names}


async def test_only_what_is_missing_travels_once_and_not_all_at_once(tmp_path: Path) -> None:
    store = Store("kept")
    wanted = files(tmp_path, "kept", *(f"n{number}" for number in range(9)))
    async with store.open() as gate:
        uploads = Uploads(gate, 3)
        await uploads.ask(wanted)
        await asyncio.gather(*(uploads.bring(wanted) for _ in range(4)))
        await uploads.bring(wanted)
    assert sorted(store.put) == sorted(set(wanted) - {"kept"})
    assert store.most == 3
    assert store.questions == [10]


async def test_one_that_two_articles_show_at_the_same_moment_travels_once(tmp_path: Path) -> None:
    store, wanted = Store(), files(tmp_path, "a", "b")
    async with store.open() as gate:
        uploads = Uploads(gate, 8)
        await uploads.ask(wanted)
        await asyncio.gather(*(uploads.bring(wanted) for _ in range(4)))
    assert sorted(store.put) == ["a", "b"]


async def test_many_are_asked_for_a_thousand_at_a_time() -> None:
    store = Store()
    async with store.open() as gate:
        await Uploads(gate, 1).ask([f"{number}" for number in range(2_001)])
        await Uploads(gate, 1).ask([])
    assert store.questions == [1_000, 1_000, 1]


async def test_one_that_fails_fails_its_article_and_no_other(tmp_path: Path) -> None:
    store, wanted = Store(), files(tmp_path, "bad", "good", "fine")
    async with store.open() as gate:
        uploads = Uploads(gate, 2)
        await uploads.ask(wanted)
        with pytest.raises(Refused, match="file_hash_mismatch"):
            await uploads.bring(wanted)
        await uploads.bring({"good": wanted["good"]})
        with pytest.raises(Refused):
            await uploads.bring({"bad": wanted["bad"]})
    assert sorted(store.put) == ["fine", "good"]


async def test_what_the_gateway_lost_is_sent_again(tmp_path: Path) -> None:
    store, wanted = Store("a"), files(tmp_path, "a")
    async with store.open() as gate:
        uploads = Uploads(gate, 2)
        await uploads.ask(wanted)
        await uploads.bring(wanted)
        uploads.forget(wanted)
        await uploads.bring(wanted)
    assert store.put == ["a"]
