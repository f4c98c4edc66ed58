import json
import os
import threading
import time
import unicodedata
from pathlib import Path

import pytest
from wxgate_client.memory import NAME, Entry, Memory, MemoryUnusable, only_account, root_of

URL = "https://gate"
ENTRY = Entry(hash="h", job="job_1", state="succeeded", mode="draft", media_id="M1")


def test_what_was_learnt_is_there_for_the_next_run_and_for_its_gateway_alone(
    tmp_path: Path,
) -> None:
    memory = Memory(tmp_path, URL + "/", "main")
    memory.put("a.md", ENTRY)
    memory.save()
    assert Memory(tmp_path, URL, "main").get("a.md") == ENTRY
    assert list(Memory(tmp_path, URL, "other")) == []
    assert list(Memory(tmp_path, "https://other", "main")) == []
    assert json.loads((tmp_path / NAME).read_text("utf-8")) == {
        "version": 1,
        "gateways": {
            URL: {
                "main": {
                    "a.md": {
                        "hash": "h",
                        "job": "job_1",
                        "state": "succeeded",
                        "mode": "draft",
                        "media_id": "M1",
                    }
                }
            }
        },
    }
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("gateways", [[], {URL: []}, {URL: {"main": []}}, {URL: {"main": "x"}}])
def test_what_is_no_memory_is_told(tmp_path: Path, gateways: object) -> None:
    (tmp_path / NAME).write_text(json.dumps({"version": 1, "gateways": gateways}))
    with pytest.raises(MemoryUnusable):
        Memory(tmp_path, URL, "main")


@pytest.mark.parametrize("entry", ["x", None, [], {"hash": "h"}, {**vars(ENTRY), "job": 1}])
def test_an_entry_that_is_none_counts_as_none(tmp_path: Path, entry: object) -> None:
    known = {URL: {"main": {"a.md": entry}}}
    (tmp_path / NAME).write_text(json.dumps({"version": 1, "gateways": known}))
    assert list(Memory(tmp_path, URL, "main")) == []


def test_nothing_learnt_writes_nothing(tmp_path: Path) -> None:
    Memory(tmp_path, URL, "main").save()
    assert list(tmp_path.iterdir()) == []


def test_two_runs_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    memories = [Memory(tmp_path, URL, f"account{number % 2}") for number in range(8)]

    def work(number: int) -> None:
        for turn in range(10):
            memories[number].put(f"{number}-{turn}.md", ENTRY)
            memories[number].save()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [len(list(Memory(tmp_path, URL, f"account{number}"))) for number in range(2)]
    assert kept == [40, 40]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_lock_that_a_killed_run_left_is_broken(tmp_path: Path) -> None:
    lock = tmp_path / f"{NAME}.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    memory = Memory(tmp_path, URL, "main")
    memory.put("a.md", ENTRY)
    memory.save()
    assert not lock.exists()


def test_a_crash_in_the_middle_of_a_write_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(tmp_path, URL, "main")
    memory.put("a.md", ENTRY)
    memory.save()
    memory.put("b.md", ENTRY)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        memory.save()
    assert list(Memory(tmp_path, URL, "main")) == ["a.md"]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no record"),
        ("[]", "no record"),
        ('{"gateways": {}}', "no record"),
        ("<<<<<<< HEAD", "no record"),
        ('{"version": 2, "gateways": {}}', "newer"),
        ('{"version": 1, "gateways": []}', "newer"),
    ],
)
def test_a_record_that_cannot_be_read_is_not_written_over(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(MemoryUnusable, match=said) as caught:
        Memory(tmp_path, URL, "main")
    assert NAME in caught.value.zh
    assert (tmp_path / NAME).read_text() == text


def test_lines_of_a_later_hand_do_no_harm(tmp_path: Path) -> None:
    known = {
        "a.md": {"hash": "h", "job": "j", "state": "succeeded", "colour": "red"},
        "b.md": {"hash": "h"},
    }
    text = json.dumps({"version": 1, "gateways": {URL: {"main": known}}})
    (tmp_path / NAME).write_text(text)
    assert list(Memory(tmp_path, URL, "main")) == ["a.md"]


def test_names_are_the_same_on_every_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(tmp_path, URL, "main")
    decomposed = unicodedata.normalize("NFD", "café.md")
    assert memory.name(tmp_path / "sub" / decomposed) == "sub/café.md"
    monkeypatch.chdir(tmp_path)
    assert memory.name(Path("sub") / ".." / "a.md") == "a.md"


def test_the_nearest_record_counts_within_its_repository(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    repository = tmp_path / "blog"
    posts = repository / "posts" / "2026"
    posts.mkdir(parents=True)
    (repository / ".git").mkdir()
    (posts / "a.md").touch()
    assert root_of(posts / "a.md") == posts
    (repository / NAME).touch()
    assert root_of(posts / "a.md") == root_of(posts) == repository
    (posts.parent / NAME).touch()
    assert root_of(posts) == posts.parent


def test_the_only_account_needs_no_name(tmp_path: Path) -> None:
    assert only_account(tmp_path, URL) == ""
    for account in ("main", "other"):
        memory = Memory(tmp_path, URL, account)
        memory.put("a.md", ENTRY)
        memory.save()
        assert only_account(tmp_path, URL) == ("main" if account == "main" else "")


def test_the_lock_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / f"{NAME}.lock"
    lock.touch()
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        lock.unlink()

    monkeypatch.setattr(time, "sleep", sleep)
    memory = Memory(tmp_path, URL, "main")
    memory.put("a.md", ENTRY)
    memory.save()
    assert len(waited) == 1
