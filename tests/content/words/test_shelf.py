import json
from pathlib import Path
from typing import Any

import pytest

from content.words.settings import WordSettings
from content.words.shelf import Lexicon, WordShelf


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "all.txt").write_text("甲")
    for account in ("main", "other"):
        (tmp_path / account).mkdir()
        (tmp_path / account / "own.txt").write_text(f"{account}词")
    return tmp_path


@pytest.fixture
def shelf(folder: Path, clock: Clock) -> WordShelf:
    return WordShelf(WordSettings(folder=str(folder)), clock=clock)


def lists(lexicon: Lexicon) -> dict[str, list[str]]:
    told: dict[str, Any] = json.loads(lexicon.lists)
    return {name: [entry[0] for entry in entries] for name, entries in told["lists"]}


async def test_an_article_goes_by_the_gateways_lists_and_its_accounts(shelf: WordShelf) -> None:
    assert lists(await shelf.lexicon()) == {"all.txt": ["甲"]}
    assert lists(await shelf.lexicon("main")) == {"all.txt": ["甲"], "main/own.txt": ["main词"]}
    assert "other" not in (await shelf.lexicon("main")).lists.decode()


async def test_the_name_tells_one_state_of_the_lists_from_another(
    shelf: WordShelf, folder: Path, clock: Clock
) -> None:
    before = await shelf.lexicon("main")
    assert await shelf.lexicon("main") is before
    (folder / "all.txt").write_text("甲\n乙")
    assert await shelf.lexicon("main") is before  # looked at once a second
    clock.now += 1
    after = await shelf.lexicon("main")
    assert lists(after)["all.txt"] == ["甲", "乙"]
    assert after.name != before.name


async def test_a_list_that_is_added_counts_and_one_that_is_gone_does_not(
    shelf: WordShelf, folder: Path, clock: Clock
) -> None:
    await shelf.lexicon()
    (folder / "more.txt").write_text("丙")
    (folder / "all.txt").unlink()
    clock.now += 1
    assert lists(await shelf.lexicon()) == {"more.txt": ["丙"]}


async def test_a_list_that_breaks_stays_as_it_was(
    shelf: WordShelf, folder: Path, clock: Clock
) -> None:
    before = await shelf.lexicon()
    (folder / "all.txt").write_bytes(b"\xff\xff")
    clock.now += 1
    after = await shelf.lexicon()
    assert lists(after) == lists(before)
    assert after.missing == ()


async def test_a_folder_that_goes_away_leaves_its_lists(
    shelf: WordShelf, folder: Path, clock: Clock
) -> None:
    before = await shelf.lexicon("main")
    folder.rename(folder.with_name("moved"))
    clock.now += 1
    assert await shelf.lexicon("main") == before
    folder.with_name("moved").rename(folder)


async def test_a_list_that_could_never_be_read_is_named(folder: Path) -> None:
    (folder / "all.txt").write_bytes(b"\xff\xff")
    assert (await WordShelf(WordSettings(folder=str(folder))).lexicon()).missing == ("all.txt",)
    nowhere = await WordShelf(WordSettings(folder=str(folder / "none"))).lexicon()
    assert (nowhere.name, nowhere.missing) == ("", ("none",))


async def test_words_of_an_accounts_settings_count_last_and_change_with_them(clock: Clock) -> None:
    own: dict[str, tuple[str, ...]] = {"main": ("丁\twarn",)}
    shelf = WordShelf(WordSettings(), lambda name: own[name], clock=clock)
    before = await shelf.lexicon("main")
    assert lists(before) == {"accounts.main": ["丁"]}
    own["main"] = ()
    assert await shelf.lexicon("main") == Lexicon("", b"")


async def test_the_list_that_comes_along_only_warns() -> None:
    lexicon = await WordShelf(WordSettings(builtin=True)).lexicon()
    ((name, entries),) = json.loads(lexicon.lists)["lists"]
    assert name == "builtin"
    assert len(entries) > 50
    assert {entry[1] for entry in entries} == {"warn", "allow"}
