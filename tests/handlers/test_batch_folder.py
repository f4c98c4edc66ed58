import json
from typing import Any

import pytest

from content.refusals import ArchiveInvalid
from handlers.batch_folder import batch_of_folder
from handlers.bodies import FieldInvalid

FOLDER = {
    "posts/b.md": "\ufeff# 乙".encode(),
    "posts/a.MD": "# 甲".encode(),
    "posts/img/1.png": b"1",
    "posts/notes.txt": b"",
}


def batch(files: dict[str, bytes], **query: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(batch_of_folder(files, query).json)
    return said


def test_each_markdown_file_is_an_article_in_the_order_of_paths() -> None:
    said = batch(FOLDER, action="publish", concurrency="3", dry_run="true", tags="a,乙")
    assert said == {
        "kind": "articles",
        "concurrency": 3,
        "dry_run": True,
        "tags": ["a", "乙"],
        "items": [
            {"name": "a.MD", "markdown": "# 甲", "action": "publish"},
            {"name": "b.md", "markdown": "# 乙", "action": "publish"},
        ],
    }
    assert "img/1.png" in batch_of_folder(FOLDER, {}).files  # without the folder that was packed


def test_a_batch_json_says_what_it_is_and_the_query_more_than_that() -> None:
    told = {"on_error": "stop", "concurrency": 2, "action": "draft"}
    said = batch({**FOLDER, "posts/batch.json": json.dumps(told).encode()}, concurrency="9")
    assert (said["on_error"], said["concurrency"]) == ("stop", 9)
    assert [item["action"] for item in said["items"]] == ["draft", "draft"]
    own = {"kind": "images.upload", "items": [{"file": "img/1.png"}]}
    assert batch({**FOLDER, "posts/batch.json": json.dumps(own).encode()}) == own


def test_pictures_are_items_of_their_kind() -> None:
    said = batch(FOLDER, kind="images.upload", target="material")
    assert said["items"] == [{"file": "img/1.png", "target": "material"}]


@pytest.mark.parametrize(
    ("files", "query", "field"),
    [
        ({"a.png": b""}, {}, "items"),
        (FOLDER, {"kind": "drafts.delete"}, "items"),
        ({}, {"kind": "images.upload"}, "items"),
    ],
)
def test_a_folder_without_items_is_refused(
    files: dict[str, bytes], query: dict[str, str], field: str
) -> None:
    with pytest.raises(FieldInvalid) as refused:
        batch_of_folder(files, query)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "files",
    [
        {"x/b.md": "# 乙".encode("gbk"), "a.md": b""},
        {"batch.json": b"[]", "a.md": b""},
        {"batch.json": b'{"items": [' + b"[" * 300 + b"]" * 300 + b"]}", "a.md": b""},
        {"batch.json": b'{"kind": "\\ud800"}', "a.md": b""},
    ],
)
def test_what_cannot_be_read_is_named(files: dict[str, bytes]) -> None:
    with pytest.raises(ArchiveInvalid) as refused:
        batch_of_folder(files, {})
    assert refused.value.values["entry"] in ("x/b.md", "batch.json")
