from pathlib import Path

from content.fields import DraftFields
from content.renderer import Renderer
from server.building import open_builder
from server.rendering import open_workers
from server.settings import Settings
from tests.content.conftest import FakeCall, MemoryUploads


async def test_a_draft_is_built_with_uploads_through_the_call_that_is_given(
    tmp_path: Path,
) -> None:
    settings = Settings.model_validate({"server": {"data_dir": str(tmp_path)}})
    call = FakeCall()
    async with open_workers(settings.content) as workers:
        renderer = Renderer(workers, settings.content)
        uploads = MemoryUploads()
        async with open_builder(settings, workers, renderer, uploads, call) as (drafts, _, _):
            (built,) = await drafts.build("main", DraftFields(markdown="# 题\n\n文"), {})
    assert call.paths() == ["add_material"]  # the cover
    assert built.article.title == "题"
