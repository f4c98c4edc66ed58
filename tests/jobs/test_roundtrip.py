from typing import Any

from jobs.roundtrip import changes_of
from wechat.draft import Article


class Finder:
    async def changes(self, sent: str, kept: str) -> list[dict[str, Any]]:
        return [{"what": "tag", "sent": sent, "kept": kept}] * 30


def _article(content: str, kind: str = "news") -> Article:
    return Article(title="t", content=content, thumb_media_id="m", article_type=kind)


async def test_each_article_is_compared_with_what_was_kept_of_it() -> None:
    articles = [_article("a"), _article("b", "newspic"), _article("c")]
    news = [{"content": "A"}, {"content": "B"}, {"content": "C"}]
    told = await changes_of(Finder(), articles, news)
    assert {(each["article"], each["sent"], each["kept"]) for each in told} == {
        (0, "a", "A"),
        (2, "c", "C"),
    }
    assert len(told) == 50


async def test_what_wechat_does_not_say_is_not_compared() -> None:
    assert await changes_of(Finder(), [_article("a")], [{"url": "u"}]) == []
    assert await changes_of(Finder(), [_article("a")], []) == []
