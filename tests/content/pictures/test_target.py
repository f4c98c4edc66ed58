from content.options import RenderOptions
from content.pictures.target import DEFAULT_OPTIONS, TARGETS, PictureOptions


def test_no_target_is_beyond_what_wechat_documents() -> None:
    limits = {target.name: target.max_bytes for target in TARGETS.values()}
    assert limits == {
        "article": 999_999,
        "cover": 999_999,
        "material": 10_000_000,
        "thumb": 64_000,
        "temporary": 2_000_000,
    }
    assert TARGETS["thumb"].types == {"image/jpeg"}


def test_options_of_articles_are_those_that_change_a_picture() -> None:
    assert PictureOptions.of(RenderOptions()) == DEFAULT_OPTIONS
    assert PictureOptions.of(RenderOptions(image_quality=60, image_max_width=900)) == (60, 900)
    assert PictureOptions.of(RenderOptions(captions=False)) == DEFAULT_OPTIONS
