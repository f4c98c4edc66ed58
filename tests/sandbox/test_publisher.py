from pathlib import Path

from sandbox.models import Article, Draft, Publication
from sandbox.publisher import Publisher
from sandbox.settings import VERIFIED, SandboxAccount, SandboxSettings
from sandbox.world import Outcome, World


class Told:
    """Remembers the publications that were reported finished."""

    def __init__(self) -> None:
        self.statuses: list[int] = []

    def __call__(self, account: SandboxAccount, publish_id: str, publication: Publication) -> None:
        self.statuses.append(publication.publish_status)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


ARTICLE = Article(
    article_type="news",
    title="标题",
    author="",
    digest="",
    content="<p>字</p>",
    content_source_url="",
    thumb_media_id="thumb",
    need_open_comment=0,
    only_fans_can_comment=0,
    page="preview",
)
DRAFT = Draft(articles=(ARTICLE,), create_time=0, update_time=0)


def test_publications_end_in_time_and_once() -> None:
    clock, told = Clock(), Told()
    world = World(SandboxSettings(publish_s=10), clock)
    publisher = Publisher(world, told)
    world.drafts.put(VERIFIED.app_id, "draft", DRAFT)
    publish_id, _ = publisher.start(VERIFIED, "draft", DRAFT, Outcome())
    assert publisher.in_progress(VERIFIED.app_id, "draft")
    clock.now += 9
    publisher.settle()
    assert told.statuses == []
    clock.now += 1
    publisher.settle()
    publisher.settle()
    assert told.statuses == [0]
    assert not publisher.in_progress(VERIFIED.app_id, "draft")
    live = world.publications.get(VERIFIED.app_id, publish_id)
    assert live is not None
    assert live.articles[0].page != "preview"
    assert world.drafts.of(VERIFIED.app_id) == []
    world.close()


def test_a_publication_goes_on_after_a_restart(tmp_path: Path) -> None:
    clock, told = Clock(), Told()
    settings = SandboxSettings(publish_s=10, data_dir=tmp_path)
    world = World(settings, clock)
    Publisher(world, told).start(VERIFIED, "draft", DRAFT, Outcome())
    world.close()
    clock.now += 60
    world = World(settings, clock)
    Publisher(world, told).settle()
    assert told.statuses == [0]
    assert [entry.kind for entry in world.ledger.entries()] == ["publication", "article"]
    world.close()


def test_after_a_reset_nothing_is_under_way() -> None:
    clock, told = Clock(), Told()
    world = World(SandboxSettings(publish_s=10), clock)
    publisher = Publisher(world, told)
    publisher.start(VERIFIED, "draft", DRAFT, Outcome())
    world.reset()
    publisher.forget()
    clock.now += 60
    publisher.settle()
    assert told.statuses == []
    world.close()
