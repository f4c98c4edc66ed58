from typing import Any

import pytest

from accounts.edits import Editor
from core.tasks import TaskSet
from jobs.library import Clients, Library, NotInLibrary
from jobs.library_settings import LibrarySettings
from jobs.library_sync import LibrarySync
from store import library as rows
from store.library import LibraryFilter
from tests.jobs.journals import audit_of, noted
from tests.jobs.rig import Rig
from wechat.draft import DraftClient
from wechat.freepublish import FreepublishClient
from wechat.material import MaterialClient

WHO = Editor("client:blog", "req_1", "192.0.2.1")


class Forgets:
    def __init__(self) -> None:
        self.forgotten: list[str] = []

    async def forget(self, account: str, value: str) -> None:
        assert account == "main"
        self.forgotten.append(value)


@pytest.fixture
def forgets() -> Forgets:
    return Forgets()


@pytest.fixture
async def library(rig: Rig, forgets: Forgets) -> Any:
    calls, tasks = rig.gateway.calls, TaskSet()
    clients = Clients(DraftClient(calls), FreepublishClient(calls), MaterialClient(calls))
    sync = LibrarySync(rig.database, calls, LibrarySettings(), tasks, clock=rig.time)
    log = audit_of(rig.database)
    yield Library(rig.database, clients, sync, forgets, log, clock=rig.time)
    await tasks.aclose()


async def _deletions(rig: Rig) -> list[str]:
    entries = await noted(rig.database)
    return [each["subject"] for each in entries if each["action"] == "draft.delete"]


async def _made(rig: Rig) -> str:
    job = await rig.until((await rig.submit(action="draft")).id)
    assert job.result is not None
    return str(job.result["media_id"])


async def test_a_deletion_is_made_once_and_written_down(rig: Rig, library: Library) -> None:
    media_id = await _made(rig)
    await library.delete("main", "draft", media_id, WHO)
    with pytest.raises(NotInLibrary):
        await library.delete("main", "draft", media_id, WHO)
    assert rig.committed("draft_delete") == 1
    assert await _deletions(rig) == [media_id]


async def test_a_deletion_whose_answer_was_lost_is_written_down_too(
    rig: Rig, library: Library
) -> None:
    media_id = await _made(rig)
    rig.fault("reset_after_commit", "/cgi-bin/draft/delete")
    await library.delete("main", "draft", media_id, WHO)
    assert rig.committed("draft_delete") == 1
    assert await _deletions(rig) == [media_id]


async def test_what_wechat_has_no_more_leaves_the_list(rig: Rig, library: Library) -> None:
    media_id = await _made(rig)
    await DraftClient(rig.gateway.calls).delete("main", media_id)
    with pytest.raises(NotInLibrary):
        await library.get("main", "draft", media_id)
    async with rig.database.read() as connection:
        assert await rows.get(connection, "main", "draft", media_id) is None


async def test_a_deleted_material_is_forgotten_as_an_upload(
    rig: Rig, library: Library, forgets: Forgets
) -> None:
    await _made(rig)
    wanted = LibraryFilter(account="main", kind="material", types=["image"])
    listed = await library.page(wanted, before=None, limit=9)
    (picture,) = listed.rows
    await library.delete("main", "material", picture.id, WHO)
    assert forgets.forgotten == [picture.id]
