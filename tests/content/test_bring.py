import asyncio

from content.workers import WorkerPool
from tests.content.conftest import encode, photo
from tests.content.rig import WEBP, Rig, article


async def test_the_same_pictures_in_another_article_upload_nothing(rig: Rig) -> None:
    rig.hosts.pictures["https://a.com/x"] = WEBP
    first = await rig.builder.build("main", article("![](https://a.com/x) one"), {})
    uploads = len(rig.call.uploads)
    second = await rig.builder.build("main", article("two ![](https://a.com/x)"), {})
    assert len(rig.call.uploads) == uploads == 2
    assert second.images[0].status == "reused"
    assert second.images[0].url == first.images[0].url
    assert second.article.thumb_media_id == first.article.thumb_media_id
    # Another account has a library of its own.
    await rig.builder.build("other", article("![](https://a.com/x)"), {})
    assert len(rig.call.uploads) == 4


async def test_twenty_pictures_are_fetched_at_once(rig: Rig) -> None:
    for number in range(20):
        url = f"https://a.com/{number}"
        rig.hosts.pictures[url] = encode(photo(32, 32, seed=number), "PNG")
    text = " ".join(f"![]({url})" for url in rig.hosts.pictures)
    heard: list[tuple[str, int, int]] = []

    async def on_progress(stage: str, done: int, total: int) -> None:
        heard.append((stage, done, total))

    built = await rig.builder.build("main", article(text), {}, on_progress=on_progress)
    assert rig.hosts.most_at_once == 20
    assert heard == [("images", done, 20) for done in range(1, 21)]
    assert [image.src for image in built.images] == list(rig.hosts.pictures)
    assert len(rig.call.uploads) == 21


async def test_pictures_that_do_not_fit_into_memory_wait_for_those_before(
    pool: WorkerPool,
) -> None:
    pictures = {
        f"https://a.com/{number}": encode(photo(40, 40, seed=number), "PNG") for number in range(6)
    }
    largest = max(map(len, pictures.values()))
    rig = Rig(pool, memory_bytes=2 * largest)
    rig.hosts.pictures.update(pictures)
    texts = [" ".join(f"![]({url})" for url in list(pictures)[at : at + 3]) for at in (0, 3)]
    # Two articles share the one budget.
    await asyncio.gather(*(rig.builder.build("main", article(text), {}) for text in texts))
    assert rig.hosts.most_at_once == 2
    assert len(rig.call.uploads) == 8
    tight = Rig(pool, memory_bytes=1)  # a picture larger than all there is goes alone
    tight.hosts.pictures.update(pictures)
    await tight.builder.build("main", article(texts[0]), {})
    assert tight.hosts.most_at_once == 1
    await rig.builder.aclose()
    await tight.builder.aclose()
