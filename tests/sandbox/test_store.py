from pathlib import Path

from pydantic import BaseModel

from sandbox.store import Blobs, Shelf, open_database


class Thing(BaseModel):
    name: str


def test_records_stay_apart_by_shelf_and_account_and_survive(tmp_path: Path) -> None:
    database = open_database(tmp_path / "new" / "folder")
    shelf, other = Shelf(database, "a", Thing), Shelf(database, "b", Thing)
    shelf.put("wx1", "1", Thing(name="一"))
    shelf.put("wx1", "2", Thing(name="二"))
    shelf.put("wx2", "1", Thing(name="别家"))
    other.put("wx1", "1", Thing(name="别的"))
    shelf.put("wx1", "1", Thing(name="一改"))
    shelf.remove("wx1", "2")
    shelf.put("wx1", "3", Thing(name="三"))
    database.close()
    database = open_database(tmp_path / "new" / "folder")
    again = Shelf(database, "a", Thing)
    assert [(id_, thing.name) for id_, thing in again.of("wx1")] == [("1", "一改"), ("3", "三")]
    assert again.get("wx1", "2") is None
    assert again.get("wx3", "1") is None
    assert [(account, id_) for account, id_, _ in again] == [
        ("wx1", "1"),
        ("wx1", "3"),
        ("wx2", "1"),
    ]
    again.clear()
    assert list(Shelf(database, "a", Thing)) == []
    assert len(list(Shelf(database, "b", Thing))) == 1
    database.close()


def test_blobs_come_back_byte_for_byte() -> None:
    database = open_database(None)
    blobs = Blobs(database)
    blobs.put("x", b"\x00\xff")
    assert blobs.get("x") == b"\x00\xff"
    assert blobs.get("y") is None
    blobs.clear()
    assert blobs.get("x") is None
    database.close()
