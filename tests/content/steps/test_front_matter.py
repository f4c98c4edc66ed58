import pytest

from content.manuscript import Manuscript
from content.options import RenderOptions
from content.refusals import FrontMatterInvalid
from content.steps.fields import use_defaults
from content.steps.front_matter import take_front_matter


def _taken(text: str, **given: str | bool) -> Manuscript:
    made = Manuscript(text=text, is_markdown=True, fields={**given})
    take_front_matter(made)
    return made


def test_known_names_are_taken_and_the_rest_is_left_to_blogs() -> None:
    made = _taken(
        "---\ntitle: 你好\nneed_open_comment: yes\ntags: [a, {b: c}]\nnested:\n  title: no\n---\n正文"
    )
    assert made.fields == {"title": "你好", "need_open_comment": True}
    assert made.text == "正文"


def test_what_the_caller_sent_wins() -> None:
    assert _taken("---\ntitle: theirs\n---\n", title="mine").fields["title"] == "mine"


@pytest.mark.parametrize("value", ["no", "2024-01-01", "1e3", "'null'", "0x10", "12:30"])
def test_values_stay_as_written(value: str) -> None:
    assert _taken(f"---\ntitle: {value}\n---\n").fields["title"] == value.strip("'")


@pytest.mark.parametrize(
    "text",
    [
        "---\na heading\n---\nbody",
        "---\nno end",
        "text\n---\ntitle: x\n---\n",
        "----\ntitle: x\n----\n",
        "---\n- a list\n---\n",
    ],
)
def test_what_is_no_front_matter_stays_text(text: str) -> None:
    made = _taken(text)
    assert (made.text, made.fields) == (text, {})


def test_an_empty_block_is_dropped() -> None:
    assert _taken("---\n\n---\nbody").text == "body"


def test_line_ends_and_marks_of_windows_are_understood() -> None:
    made = _taken("\ufeff---\r\ntitle: a\r\n---\r\nbody")
    assert (made.fields["title"], made.text) == ("a", "body")


@pytest.mark.parametrize(
    "block",
    [
        "a: &a [x, x]\nb: *a",
        "a: [" * 9 + "]" * 9,
        "title: [unclosed",
        "title: a: b: c",
        "need_open_comment: perhaps",
        "title: " + "x" * 17_000,
        "\ttab: x",
    ],
)
def test_bombs_and_nonsense_are_refused(block: str) -> None:
    with pytest.raises(FrontMatterInvalid):
        _taken(f"---\n{block}\n---\nbody")


def test_tags_build_no_objects() -> None:
    made = _taken("---\ntitle: !!python/object/apply:os.system [id]\nauthor: !!int x\n---\n")
    assert made.fields == {"author": "x"}


@pytest.mark.parametrize("value", ["", "~", "null", "Null", "NULL"])
@pytest.mark.parametrize("name", ["title", "cover", "theme", "need_open_comment"])
def test_yamls_null_is_as_if_nothing_was_written(name: str, value: str) -> None:
    assert _taken(f"---\n{name}: {value}\n---\n").fields == {}


def test_escaped_pairs_are_one_character_and_halves_are_refused() -> None:
    made = _taken('---\ntitle: "\\ud83d\\ude00"\n---\n')
    assert made.fields == {"title": "\U0001f600"}
    with pytest.raises(FrontMatterInvalid):
        _taken('---\ntitle: "\\ud83d"\n---\n')


def test_all_of_it_is_kept_for_the_steps_that_need_more() -> None:
    made = _taken(
        "---\ntitle: a\nproducts:\n  - {id: 1, words: [x, ~]}\nimages: [a.png, b.png]\n---\n"
    )
    assert made.front_matter == {
        "title": "a",
        "products": [{"id": "1", "words": ["x", None]}],
        "images": ["a.png", "b.png"],
    }


def test_options_rank_between_the_caller_and_the_gateway() -> None:
    text = "---\noptions:\n  emoji: off\n  captions: no\n  image_quality: 70\n  math:\n---\n"
    made = Manuscript(text=text, is_markdown=True, given_options={"captions": True})
    made.options = RenderOptions(image_quality=90, code_wrap=True)
    take_front_matter(made)
    use_defaults(made)
    assert made.options == RenderOptions(
        emoji=False, captions=True, image_quality=70, code_wrap=True
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("{nosuch: 1}", "options.nosuch: Extra inputs are not permitted"),
        ("{emoji: perhaps}", "options.emoji"),
        ("{emoji: [on]}", "options.emoji"),
        ("[emoji]", "options"),
        ("on", "options"),
    ],
)
def test_a_wrong_option_is_named(options: str, reason: str) -> None:
    with pytest.raises(FrontMatterInvalid) as caught:
        _taken(f"---\noptions: {options}\n---\n")
    assert caught.value.field == "options"
    assert str(caught.value.values["reason"]).startswith(reason)
