from pathlib import Path

from content.article import ArticleFields
from content.settings import ContentSettings
from server.rendering import open_renderer


async def test_a_renderer_needs_nothing_but_its_settings(tmp_path: Path) -> None:
    async with open_renderer(ContentSettings()) as renderer:
        rendered = await renderer.render(ArticleFields(markdown="# 一\n\n**粗**"))
    assert rendered.title == "一"
    assert list(tmp_path.iterdir()) == []
