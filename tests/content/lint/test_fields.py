from tests.content.lint.conftest import Lint


def test_emoji_in_the_title_are_noted(lint: Lint) -> None:
    assert "🎉" in lint("x", title="发布🎉")["emoji_in_title"]["message"][0]
    assert "emoji_in_title" not in lint("x", title="发布 2026《一》")


def test_a_misspelt_field_is_told_with_the_one_that_was_meant(lint: Lint) -> None:
    told = lint("---\ntilte: 题\n---\nx")["field_unknown"]
    assert told["fix"][1] == "did you mean title?"
    assert told["position"] == (2, 1)
    assert told["edit"] is None  # a guess is the author's to make


def test_every_field_of_an_article_is_known(lint: Lint) -> None:
    told = lint("---\narticle_type: news\nproducts: []\noptions:\n  emoji: false\n---\nx")
    assert "field_unknown" not in told
    assert lint("---\nproduct: []\n---\nx")["field_unknown"]["fix"][1] == "did you mean products?"


def test_a_field_written_otherwise_can_be_mended(lint: Lint) -> None:
    text = "---\nneed-open-comment: true\n---\nx"
    start, end, meant = lint(text)["field_unknown"]["edit"]
    assert text[:start] + meant + text[end:] == text.replace("-open-", "_open_")


def test_a_blogs_names_are_noted_where_they_could_be_of_use(lint: Lint) -> None:
    told = lint("---\ndescription: 摘要\ntags: [a]\ndate: 2026-01-01\n---\nx")
    assert "digest" in told["field_alias"]["fix"][1]
    assert "field_unknown" not in told
    assert "field_alias" not in lint("---\ndescription: a\ndigest: b\n---\nx")
