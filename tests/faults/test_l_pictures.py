"""Section L, cases 189 and 190: pictures of an article."""

import re
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from content.article import ArticleFields
from content.pipeline import Pipeline
from content.refusals import TooManyImages
from fetch.errors import FetchRefused
from tests.content.conftest import pool, request, rig
from tests.content.rig import PNG, Rig
from wechat.limits import IMAGE_HOSTS

__all__ = ["pool", "rig"]

HOST = "pics.example"
# (HTML, how many pictures it shows)
HIDING_PLACES = [
    (f'<img src="https://{HOST}/1">', 1),
    (f'<img src="//{HOST}/1">', 1),
    (f'<img src="&#104;ttps://{HOST}/1?a=1&amp;b=&quot;2">', 1),
    (f'<img src=" ht\ntps://{HOST}/1 ">', 1),
    (f'<img data-src="https://{HOST}/1" src="spacer.gif">', 1),
    (f'<img srcset="https://{HOST}/1 1x, https://{HOST}/2 2x">', 1),
    (f'<picture><source srcset="https://{HOST}/1 2x"><img src="https://{HOST}/2"></picture>', 1),
    (f'<image src="https://{HOST}/1">', 1),
    (f'<p style="background:url(https://{HOST}/1)">x</p>', 1),
    (f"<p style=\"background-image:url('//{HOST}/1')\">x</p>", 1),
    (f'<p style="background:\\75rl(https://{HOST}/1)">x</p>', 1),
    (f'<p style="background:u\\72\\6c(//{HOST}/1)">x</p>', 1),
    (f"<p style=\"background:image-set('https://{HOST}/1' 1x)\">x</p>", 1),
    (f"<style>p{{background:url(https://{HOST}/1)}}</style><p>x</p>", 1),
    (f"<style>@import url(https://{HOST}/1);</style><p>x</p>", 0),
    (f'<p style="list-style:url(https://{HOST}/1)">x</p>', 0),
    (f'<svg><image href="https://{HOST}/1"/></svg><p>x</p>', 0),
    (f'<svg><image xlink:href="https://{HOST}/1"/></svg><p>x</p>', 0),
    (f'<svg style="background:url(https://{HOST}/1)"></svg><p>x</p>', None),
    (f'<video poster="https://{HOST}/1" src="https://{HOST}/2"></video><p>x</p>', 0),
    (f'<table background="https://{HOST}/1"><tr><td background="//{HOST}/2">x</td></tr></table>', 0),
    (f'<object data="https://{HOST}/1"></object><embed src="https://{HOST}/2"><p>x</p>', 0),
    (f'<input type="image" src="https://{HOST}/1"><p>x</p>', 0),
    (f'<noscript><img src="https://{HOST}/1"></noscript><p>x</p>', None),
    (f'<!--<img src="--><img src="https://{HOST}/1">', None),
    (f'<svg></p><style><a title="</style><img src=https://{HOST}/1>"></svg><p>x</p>', None),
]  # fmt: skip


def _resources(html: str) -> list[str]:
    """Whatever in `html` a reader's browser would fetch, read by a parser of its own."""
    found = []
    for node in LexborHTMLParser(f"<main>{html}</main>").css("main *"):
        for name, value in node.attributes.items():
            if name in ("src", "srcset", "data-src", "poster", "data", "background"):
                found.append(value or "")
            elif name == "style" or (name.endswith("href") and node.tag != "a"):
                found += re.findall(r"""(?:https?:)?//[^\s"')]+""", value or "")
                assert "\\" not in (value or "")
    return found


@pytest.mark.parametrize(("html", "shown"), HIDING_PLACES)
async def test_189_no_picture_is_left_pointing_outside(
    rig: Rig, html: str, shown: int | None
) -> None:
    for path in ("1", "2", '1?a=1&b="2'):
        rig.hosts.pictures[f"https://{HOST}/{path}"] = PNG
    built = await rig.builder.build("main", ArticleFields(title="t", html=html + "<p>y</p>"), {})
    assert HOST not in built.article.content
    left = _resources(built.article.content)
    assert all(re.match(rf"https?://({'|'.join(IMAGE_HOSTS)})/", url) for url in left), left
    if shown is not None:
        assert len(set(left)) == shown
        # Found and replaced; or taken out, in a way that the sanitizer or a warning says.
        assert len(rig.hosts.fetched) == shown


@pytest.mark.parametrize("policy", ["fail", "placeholder"])
async def test_189_what_cannot_be_had_does_not_stay_either(rig: Rig, policy: str) -> None:
    gone = FetchRefused(url="u", http=404, tried="", tried_en="")
    rig.hosts.pictures[f"https://{HOST}/1"] = gone
    for html, shown in HIDING_PLACES:
        rig.hosts.pictures.update({f"https://{HOST}/{path}": gone for path in ("2", '1?a=1&b="2')})
        fields = ArticleFields.model_validate(
            {"title": "t", "html": html + "<p>y</p>", "options": {"image_failure": policy}}
        )
        try:
            built = await rig.builder.build("main", fields, {})
        except FetchRefused as refused:
            assert policy == "fail"
            assert refused.field == "images[0]"  # noqa: PT017 - others are built
            continue
        assert HOST not in built.article.content
        if shown:
            assert [warning.field for warning in built.warnings][-1] == "images[0]"


def test_189_a_megabyte_of_base64_is_one_picture() -> None:
    src = "data:image/png;base64," + "A" * 900_000
    html = f'<p><img src="{src}"></p><p style="background:url({src})">x</p>'[:990_000]
    made = Pipeline().run(request(html=html, title="t"))
    assert [image["src"] for image in made["images"]] == [src]


def test_190_more_pictures_than_an_article_may_have_are_refused_before_any_is_fetched() -> None:
    html = "".join(f'<img src="https://{HOST}/{number}">' for number in range(5_000))
    with pytest.raises(TooManyImages) as caught:
        Pipeline().run(request(html=html, title="t"))
    assert (caught.value.status, caught.value.field) == (422, "images")


async def test_190_one_picture_500_times_is_fetched_and_uploaded_once(rig: Rig) -> None:
    rig.hosts.pictures[f"https://{HOST}/1"] = PNG
    html = f'<img src="https://{HOST}/1">' * 500
    built = await rig.builder.build("main", ArticleFields(title="t", html=html), {})
    assert rig.hosts.fetched == [f"https://{HOST}/1"]
    assert rig.call.paths().count("uploadimg") == 1
    assert built.article.content.count("<img") == 500
    assert len(built.images) == 1


@pytest.mark.parametrize(
    ("policy", "statuses"),
    [
        ("fail", None),
        ("keep", ["uploaded", "failed", "uploaded"]),
        ("placeholder", ["uploaded", "placeholder", "uploaded"]),
    ],
)
async def test_190_a_broken_picture_is_dealt_with_as_the_policy_says(
    rig: Rig, policy: str, statuses: list[str] | None
) -> None:
    files: Any = {"a.png": PNG, "broken.png": PNG[:40], "c.png": PNG + b"\0"}
    fields = ArticleFields.model_validate(
        {
            "title": "t",
            "markdown": "![](a.png) ![坏](broken.png) ![](c.png)",
            "options": {"image_failure": policy},
        }
    )
    if statuses is None:
        with pytest.raises(Exception, match=r"broken\.png") as caught:
            await rig.builder.build("main", fields, files)
        assert getattr(caught.value, "field", None) == "images[1]"
        return
    built = await rig.builder.build("main", fields, files)
    assert [image.status for image in built.images] == statuses
    assert built.images[1].reason == "image_invalid"
    assert [warning.field for warning in built.warnings] == ["images[1]"]
