from dataclasses import replace

import pytest

from content.article import ArticleStats, ImageRef, RenderedArticle
from content.options import RenderOptions
from content.pictures.errors import ImageSourceForbidden
from content.plan import Picture, plan_pictures

ARTICLE = RenderedArticle(
    title="t",
    author="",
    digest="",
    content="",
    cover=None,
    content_source_url="",
    need_open_comment=False,
    only_fans_can_comment=False,
    images=(),
    warnings=(),
    stats=ArticleStats(0, 0, 1),
    options=RenderOptions(),
)
AT_WECHAT = ImageRef("https://mmbiz.qpic.cn/x/0", "")


def test_the_first_picture_is_the_cover_too() -> None:
    article = replace(ARTICLE, images=(AT_WECHAT, ImageRef("a.png", ""), ImageRef("b.png", "")))
    plan = plan_pictures(article, {})
    assert plan.cover == "a.png"
    assert plan.pictures == (
        Picture("a.png", "images[1]", ["article", "cover"]),
        Picture("b.png", "images[2]", ["article"]),
    )


def test_a_named_cover_is_brought_beside_the_others() -> None:
    article = replace(ARTICLE, images=(ImageRef("a.png", ""),), cover="https://a.com/c.png")
    plan = plan_pictures(article, {})
    assert plan.cover == "https://a.com/c.png"
    assert plan.pictures[1] == Picture("https://a.com/c.png", "cover", ["cover"])


def test_a_media_id_is_used_as_it_is_unless_a_file_is_called_so() -> None:
    media_id = "abcDEF_-0123456789abcdef"
    article = replace(ARTICLE, cover=media_id)
    assert plan_pictures(article, {}).media_id == media_id
    assert plan_pictures(article, {media_id: b"x"}).media_id is None


def test_without_any_picture_a_cover_is_drawn() -> None:
    plan = plan_pictures(replace(ARTICLE, images=(AT_WECHAT,)), {})
    assert plan.pictures == (Picture(None, "cover", ["cover"]),)
    assert plan.cover is None


def test_a_cover_from_the_gateways_own_disk_is_refused() -> None:
    with pytest.raises(ImageSourceForbidden) as caught:
        plan_pictures(replace(ARTICLE, cover="/etc/passwd"), {})
    assert caught.value.field == "cover"


def test_a_background_is_brought_but_is_no_cover() -> None:
    article = replace(ARTICLE, images=(ImageRef("paper.png", "", "background"),))
    plan = plan_pictures(article, {})
    assert plan.pictures == (
        Picture("paper.png", "images[0]", ["article"], "", True),
        Picture(None, "cover", ["cover"]),
    )


def test_a_forbidden_cover_is_left_to_the_policy_where_there_is_one() -> None:
    options = RenderOptions(image_failure="placeholder")
    plan = plan_pictures(replace(ARTICLE, cover="/etc/passwd", options=options), {})
    assert plan.cover == "/etc/passwd"


def test_a_formula_or_diagram_is_no_cover_unless_it_is_named() -> None:
    formula = ImageRef("data:image/svg+xml;base64,AAAA", "x^2")
    assert plan_pictures(replace(ARTICLE, images=(formula,)), {}).cover is None
    both = replace(ARTICLE, images=(formula, ImageRef("a.png", "")))
    assert plan_pictures(both, {}).cover == "a.png"
    named = replace(ARTICLE, images=(formula,), cover=formula.src)
    assert plan_pictures(named, {}).cover == formula.src
