from pathlib import Path
from typing import Any

import pytest
from wxgate_client.local_article import bundle, load_article
from wxgate_client.memory import Entry, Memory
from wxgate_client.plan import Plan, Step, Wish, make_plan, settle

PNG = b"\x89PNG\r\n\x1a\n"


def write(path: Path, text: str | bytes = "# a") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def plan(memory: Memory, *paths: Path, **wish: Any) -> Plan:
    drafts = [(load_article(path), memory) for path in paths]
    return make_plan(drafts, Wish(**wish), [memory.root])


def learn(step: Step, **more: Any) -> None:
    known = {"job": "job_1", "state": "succeeded", "mode": "draft", "media_id": "M1", **more}
    step.memory.put(step.name, Entry(hash=step.hash, **known))


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path, "https://gate", "main")


def test_text_options_and_pictures_are_what_counts(memory: Memory, tmp_path: Path) -> None:
    picture = write(tmp_path / "x.png", PNG)
    path = write(tmp_path / "a.md", "# a\n\n![](x.png)\n")
    (step,) = plan(memory, path).steps
    assert (step.kind, step.size, len(step.pictures())) == ("new", len(PNG), 1)
    learn(step)
    assert plan(memory, path).steps[0].kind == "unchanged"
    assert plan(memory, path, article_type="newspic").steps[0].kind == "changed"
    picture.touch()
    assert plan(memory, path).steps[0].kind == "unchanged"
    write(picture, PNG + b"2")
    assert plan(memory, path).steps[0].kind == "changed"
    write(picture, PNG)
    write(path, "# b\n\n![](x.png)\n")
    assert plan(memory, path).steps[0].kind == "changed"


@pytest.mark.parametrize("text", ["\ufeff# a\n\nb\n", "# a\r\n\r\nb\r\n", "\ufeff# a\r\n\r\nb\r\n"])
def test_line_ends_and_marks_of_windows_change_nothing(
    memory: Memory, tmp_path: Path, text: str
) -> None:
    path = write(tmp_path / "a.md", "# a\n\nb\n")
    learn(plan(memory, path).steps[0])
    write(path, text)
    assert plan(memory, path).steps[0].kind == "unchanged"


@pytest.mark.parametrize(
    ("wish", "entry", "kind"),
    [
        ({}, {}, "unchanged"),
        ({"force": True}, {}, "changed"),
        ({"again": "x"}, {}, "new"),
        ({}, {"state": "failed"}, "changed"),
        ({}, {"state": "needs_review"}, "changed"),
        ({}, {"state": "waiting", "mode": ""}, "unchanged"),
        ({"action": "publish"}, {}, "publish"),
        ({"action": "publish"}, {"mode": "published"}, "unchanged"),
        ({"action": "publish"}, {"mode": "draft_ready"}, "unchanged"),
        ({"action": "publish"}, {"state": "waiting"}, "unchanged"),
        ({"action": "publish", "publish_at": "T"}, {"state": "scheduled"}, "publish"),
        (
            {"action": "publish", "publish_at": "T"},
            {"state": "scheduled", "publish_at": "T"},
            "unchanged",
        ),
    ],
)
def test_what_there_is_to_do_with_the_same_text(
    memory: Memory, tmp_path: Path, wish: dict[str, Any], entry: dict[str, Any], kind: str
) -> None:
    path = write(tmp_path / "a.md")
    learn(plan(memory, path).steps[0], **entry)
    assert plan(memory, path, **wish).steps[0].kind == kind


def test_a_file_that_was_renamed_is_known_by_its_content(memory: Memory, tmp_path: Path) -> None:
    path = write(tmp_path / "a.md")
    learn(plan(memory, path).steps[0])
    moved = path.rename(tmp_path / "b.md")
    told = plan(memory, moved)
    assert (told.steps[0].kind, told.steps[0].moved_from, told.gone) == ("unchanged", "a.md", ())
    settle(told.steps[0])
    assert list(memory) == ["b.md"]
    memory.save()
    assert list(Memory(tmp_path, "https://gate", "main")) == ["b.md"]


def test_a_copy_is_no_rename(memory: Memory, tmp_path: Path) -> None:
    path = write(tmp_path / "a.md")
    learn(plan(memory, path).steps[0])
    copy = write(tmp_path / "b.md")
    for told in (plan(memory, path, copy), plan(memory, copy)):
        assert [step.kind for step in told.steps if step.name == "b.md"] == ["new"]
        assert told.gone == ()


def test_what_is_gone_is_named_as_its_folder_was(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = write(tmp_path / "posts" / "in" / "b.md", "# b")
    for step in plan(memory, gone).steps:
        learn(step)
    gone.unlink()
    monkeypatch.chdir(tmp_path)
    assert make_plan([], Wish(), [Path("posts")]).gone == ()
    here = write(tmp_path / "posts" / "a.md", "# a")
    told = make_plan([(load_article(here), memory)], Wish(), [Path("posts")])
    assert [path for path, _ in told.gone] == [str(Path("posts") / "in" / "b.md")]


def test_what_is_gone_is_told_where_it_was_looked_for(memory: Memory, tmp_path: Path) -> None:
    here = write(tmp_path / "posts" / "a.md")
    gone = write(tmp_path / "posts" / "b.md", "# b")
    for step in plan(memory, here, gone).steps:
        learn(step)
    gone.unlink()
    told = plan(memory, here)
    assert [(path, entry.media_id) for path, entry in told.gone] == [(str(gone), "M1")]
    drafts = [(load_article(here), memory)]
    assert make_plan(drafts, Wish(), [tmp_path / "other"]).gone == ()
    assert make_plan(drafts, Wish()).gone == ()
    assert "posts/b.md" in list(memory)


def test_a_bundle_is_one_thing_with_the_names_of_all(memory: Memory, tmp_path: Path) -> None:
    both = [load_article(write(tmp_path / name, f"# {name}")) for name in ("a.md", "b.md")]
    (step,) = make_plan([(bundle(both), memory)], Wish()).steps
    assert step.name == "a.md + b.md"
    learn(step)
    again = make_plan([(bundle(both), memory)], Wish(), [tmp_path])
    assert (again.steps[0].kind, again.gone) == ("unchanged", ())
    assert plan(memory, *(article.path for article in both)).gone == ()
    (tmp_path / "b.md").unlink()
    assert [path for path, _ in plan(memory, tmp_path / "a.md").gone] == [
        str(tmp_path / "a.md + b.md")
    ]


def test_a_picture_that_cannot_be_read_makes_its_article_unreadable(
    memory: Memory, tmp_path: Path
) -> None:
    write(tmp_path / "x.png", PNG)
    article = load_article(write(tmp_path / "a.md", "![](x.png)"))
    (tmp_path / "x.png").unlink()
    (step,) = make_plan([(article, memory)], Wish()).steps
    assert (step.kind, "x.png" in step.problem) == ("unreadable", True)


def test_one_picture_in_two_spellings_counts_once(memory: Memory, tmp_path: Path) -> None:
    write(tmp_path / "x.png", PNG)
    (step,) = plan(memory, write(tmp_path / "a.md", "![](x.png) ![](./x.png)")).steps
    assert (len(step.files), len(step.pictures()), step.size) == (2, 1, len(PNG))
