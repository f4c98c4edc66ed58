from store.engine import Database
from store.images import UploadedImages


class Events:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def count(self, event: str, account: str) -> None:
        self.seen.append((event, account))


async def test_a_picture_is_known_by_account_content_and_kind(database: Database) -> None:
    images = UploadedImages(database, Events(), clock=lambda: 100.0)
    await images.put("main", "aa", "article", "https://mmbiz.qpic.cn/1")
    assert await images.get("main", "aa", "article") == "https://mmbiz.qpic.cn/1"
    assert await images.get("main", "aa", "material") is None
    assert await images.get("main", "bb", "article") is None
    assert await images.get("second", "aa", "article") is None


async def test_the_newest_upload_counts(database: Database) -> None:
    images = UploadedImages(database, Events(), clock=lambda: 100.0)
    await images.put("main", "aa", "material", "m1")
    await images.put("main", "aa", "material", "m2")
    assert await images.get("main", "aa", "material") == "m2"


async def test_what_wechat_deleted_is_forgotten_for_that_account_alone(database: Database) -> None:
    images = UploadedImages(database, Events(), clock=lambda: 100.0)
    for account in ("main", "second"):
        await images.put(account, "aa", "material", "m1")
    await images.forget("main", "m1")
    assert await images.get("main", "aa", "material") is None
    assert await images.get("second", "aa", "material") == "m1"


async def test_what_happens_is_counted_by_account(database: Database) -> None:
    events = Events()
    images = UploadedImages(database, events, clock=lambda: 100.0)
    await images.put("main", "aa", "article", "u")
    await images.get("main", "aa", "article")
    await images.get("second", "aa", "article")
    await images.forget("main", "gone")
    expected = [("set", "main"), ("hit", "main"), ("miss", "second"), ("eviction", "main")]
    assert events.seen == expected
    assert await images.entries() == {"main": 1}


async def test_clearing_forgets_all_of_one_account(database: Database) -> None:
    images = UploadedImages(database, Events(), clock=lambda: 100.0)
    for account in ("main", "second"):
        await images.put(account, "aa", "material", "m1")
    await images.clear("main")
    assert await images.entries() == {"second": 1}
