from pathlib import Path

import pytest

from content.options import RenderOptions
from content.theming.codes import code_theme_names
from core.errors import GatewayError
from handlers.bodies import FieldInvalid
from handlers.wenyan_target import (
    _CODE_THEMES,
    _THEMES,
    CustomThemeUnread,
    PublishRequest,
    Target,
    draft_of,
    file_id,
    is_html,
    read_target,
)

SHA256 = "ab" * 32


def _asked(**values: object) -> PublishRequest:
    return PublishRequest.model_validate({"fileId": "x", **values})


def test_a_file_keeps_its_name_without_what_could_end_an_attribute() -> None:
    assert file_id(SHA256, '图 "1"><.png') == f"{SHA256}.图_1_.png"
    assert file_id(SHA256, "") == f"{SHA256}.file"
    assert len(file_id(SHA256, "长" * 300 + ".png")) == 64 + 1 + 60


def test_assets_become_files_of_the_article_wherever_they_stand() -> None:
    asset = f"asset://{file_id(SHA256, 'a.png')}"
    content = f'<p><img src="{asset}"><span style="background: url({asset})"></span></p>'
    draft = draft_of(Target(content=content, cover=asset), _asked())
    path = f"{SHA256[:16]}-a.png"
    assert draft.files == {path: SHA256}
    assert draft.fields.html == content.replace(asset, path)
    assert draft.fields.cover == path


def test_front_matter_may_hold_numbers_and_nothing() -> None:
    target = read_target(b'{"content": "<p>x</p>", "title": 2026, "author": null, "tags": [1]}')
    assert (target.title, target.author) == ("2026", None)


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"[]", b'{"title": "x"}', b'{"content": []}'])
def test_what_is_no_article_is_refused(data: bytes) -> None:
    with pytest.raises(GatewayError):
        read_target(data)


def test_an_empty_picture_post_is_an_article() -> None:
    fields = draft_of(Target(content="<p>x</p>", image_list=()), _asked()).fields
    assert fields.article_type is None


def test_finished_html_keeps_its_looks() -> None:
    asked = _asked(theme="no-such", macStyle=True, footnote=True)
    draft = draft_of(Target(content=" <section>x</section>"), asked)
    assert draft.fields.theme is None
    assert draft.fields.options == RenderOptions(link_references=False)
    assert draft.warnings == ()


def test_markdown_gets_what_was_asked_for() -> None:
    target = Target(content="# 题")
    assert not is_html(target)
    asked = _asked(theme="lapis", highlight="atom-one-dark", macStyle=False, footnote=False)
    fields = draft_of(target, asked).fields
    assert (fields.theme, fields.code_theme) == ("azure", "one-dark")
    assert fields.given_options() == {"code_header": False, "link_references": False}
    ours = draft_of(target, _asked(theme="scholar", highlight="nord")).fields
    assert (ours.theme, ours.code_theme, ours.options) == ("scholar", "nord", None)


def test_a_stylesheet_of_the_senders_machine_counts_where_it_was_applied_before() -> None:
    asked = _asked(customTheme="/home/me/mine.css", theme="default")
    assert draft_of(Target(content="<section>x</section>"), asked).warnings == ()
    post = Target(content="plain", image_list=("https://example.com/a.png",))
    assert draft_of(post, asked).warnings == ()
    with pytest.raises(CustomThemeUnread):
        draft_of(Target(content="# 题"), asked)


def test_a_cover_that_a_picture_post_cannot_have_is_told() -> None:
    pictures = ("https://example.com/a.png", "https://example.com/b.png")
    for cover, told in ((None, 0), (pictures[0], 0), (pictures[1], 1)):
        target = Target(content="文", cover=cover, image_list=pictures)
        draft = draft_of(target, _asked())
        assert len(draft.warnings) == told
        assert draft.fields.images == pictures


def test_a_long_description_is_cut_to_what_a_digest_may_have() -> None:
    target = Target(content="<p>x</p>", description="摘" * 300)
    assert draft_of(target, _asked()).fields.digest == "摘" * 128


@pytest.mark.parametrize("listed", ["null", '"a.png"', "1"])
def test_a_million_pictures_are_refused_and_not_told_one_by_one(listed: str) -> None:
    pictures = ",".join([listed] * 2_000)
    with pytest.raises(FieldInvalid) as raised:
        read_target(f'{{"content": "x", "image_list": [{pictures}]}}'.encode())
    reason = str(raised.value.values["reason"])
    assert reason.startswith("2000 values") or "at most 20 items" in reason


# @wenyan-md/core 3.0.10, dist/core.js: registerTheme, registerHlTheme.
WENYAN = {"default", "orangeheart", "rainbow", "lapis", "pie", "maize", "purple", "phycat"}
HIGHLIGHTS = {
    *("atom-one-dark", "atom-one-light", "dracula", "github-dark", "github", "monokai"),
    *("solarized-dark", "solarized-light", "xcode"),
}


def test_every_theme_of_theirs_has_one_of_ours() -> None:
    sheets = Path(__file__).parents[2] / "content" / "themes"
    there = {sheet.stem for sheet in sheets.glob("*.css")}
    assert {_THEMES.get(name, name) for name in WENYAN} <= there
    assert {_CODE_THEMES.get(name, name) for name in HIGHLIGHTS} <= set(code_theme_names())
