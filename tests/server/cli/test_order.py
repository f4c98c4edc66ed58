"""What files and folders mean as a batch; server/cli/order.py."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from wxgate_client.session import UsageFault

from server.cli.order import Wanted, read_order
from tests.jobs.rig import PNG

SHA256 = hashlib.sha256(PNG).hexdigest()


def written(path: Path, said: Any) -> Path:
    path.write_text(said if isinstance(said, str) else json.dumps(said), "utf-8")
    return path


def test_a_folder_of_markdown_is_articles_and_each_picture_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.png", "deep/b.png"):
        (tmp_path / name).write_bytes(PNG)
    written(tmp_path / "a.md", "# 甲\n\n![](a.png)\n")
    written(tmp_path / "deep" / "b.md", "# 乙\n\n![](b.png)\n")
    written(tmp_path / "c.md", "# 丙\n")
    order = read_order(tmp_path, Wanted(action="publish", concurrency=3, stop_on_error=True))
    assert {name: order.said[name] for name in ("kind", "concurrency", "on_error")} == {
        "kind": "articles",
        "concurrency": 3,
        "on_error": "stop",
    }
    assert [(each["name"], each.get("files")) for each in order.said["items"]] == [
        ("a.md", {"a.png": SHA256}),
        ("c.md", None),
        ("deep/b.md", {"b.png": SHA256}),
    ]
    assert {each["action"] for each in order.said["items"]} == {"publish"}
    assert list(order.pictures) == [SHA256]


def test_a_folder_of_pictures_is_uploaded_without_what_is_hidden(tmp_path: Path) -> None:
    (tmp_path / ".trash").mkdir()
    for name in ("x.png", ".trash/y.png", "notes.txt"):
        (tmp_path / name).write_bytes(PNG)
    order = read_order(tmp_path, Wanted(kind="images.upload"))
    assert order.said == {
        "kind": "images.upload",
        "items": [{"file": "x.png", "sha256": SHA256}],
    }


@pytest.mark.parametrize("text", ['{"kind": "materials.tag", "items": [{}]}', "[{}]"])
def test_a_list_may_say_what_it_is(tmp_path: Path, text: str) -> None:
    order = read_order(written(tmp_path / "a.json", text), Wanted(kind="materials.tag"))
    assert order.said == {"kind": "materials.tag", "items": [{}]}


def test_pictures_of_a_list_are_found_beside_it_and_nothing_else_is_sent(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    folder.mkdir()
    for place in (folder, tmp_path):
        (place / "a.png").write_bytes(PNG)
    said: dict[str, Any] = {"kind": "images.upload", "items": [{"file": "a.png"}, {"url": "u"}]}
    order = read_order(written(folder / "a.json", said), Wanted())
    assert order.said["items"] == [{"file": "a.png", "sha256": SHA256}, {"url": "u"}]
    for outside in ("../a.png", str(tmp_path / "a.png"), "none.png"):
        said["items"] = [{"file": outside}]
        with pytest.raises(UsageFault):
            read_order(written(folder / "a.json", said), Wanted())


@pytest.mark.parametrize("text", ['{"kind": "articles"}', "[3]"])
def test_what_is_no_list_of_items_is_a_fault_of_usage(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageFault):
        read_order(written(tmp_path / "a.json", text), Wanted())


def test_files_that_are_not_there_and_actions_of_no_articles_are_too(tmp_path: Path) -> None:
    with pytest.raises(UsageFault):
        read_order(tmp_path / "none.json", Wanted())
    with pytest.raises(UsageFault):
        read_order(tmp_path, Wanted())
    with pytest.raises(UsageFault):
        read_order(tmp_path, Wanted(kind="images.upload"))
    with pytest.raises(UsageFault):
        path = written(tmp_path / "a.json", [{"media_id": "M"}])
        read_order(path, Wanted(kind="drafts.delete", action="publish"))


def test_a_folder_in_a_zip_goes_as_it_is_with_the_options_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "posts.ZIP"
    path.write_bytes(b"PK")
    order = read_order(path, Wanted(action="publish", concurrency=3, stop_on_error=True))
    assert order.said == {"action": "publish", "concurrency": 3, "on_error": "stop"}
    call = order.call("main")
    assert (call.content, call.params) == (b"PK", order.said)
    assert call.headers["Content-Type"] == "application/zip"
    path.write_bytes(b"PK2")
    other = read_order(path, Wanted(action="publish", concurrency=3, stop_on_error=True))
    assert other.call("main").headers["Idempotency-Key"] != call.headers["Idempotency-Key"]
    with pytest.raises(UsageFault, match="cannot read"):
        read_order(tmp_path / "none.zip", Wanted())


def test_what_is_too_long_for_a_request_is_several_each_a_job_of_its_own(tmp_path: Path) -> None:
    order = read_order(written(tmp_path / "a.json", [{"markdown": "# 同"}] * 2_001), Wanted())
    parts = list(order.parts())
    assert [len(part.said["items"]) for part in parts] == [1_000, 1_000, 1]
    keys = {part.call("main").headers["Idempotency-Key"] for part in parts}
    assert len(keys) == 3  # though two of them say the same
    assert [part.call("main").json["kind"] for part in parts] == ["articles"] * 3
    long = read_order(written(tmp_path / "b.json", [{"markdown": "a" * 7_000_000}] * 3), Wanted())
    assert [len(part.said["items"]) for part in long.parts()] == [2, 1]
