from content.lint.rule import Edit, Position, Rule, clip, refusal_rule, refused
from content.refusals import TitleTooLong
from core.errors import Text

RULE = Rule("r", "warning", Text("{n} 个", "{n} of {field}"), Text("改", "mend"), "somewhere")


def test_a_finding_fills_the_texts_of_its_rule() -> None:
    told = RULE.at(Position(3, 4), field="title", n=2).as_json()
    assert told["message"] == ("2 个", "2 of title")
    assert (told["position"], told["mendable"]) == ((3, 4), False)


def test_what_can_be_edited_or_is_mended_by_the_gateway_is_mendable() -> None:
    assert RULE.at(edit=Edit(0, 1, "")).as_json()["mendable"]
    assert Rule(*("r", "info", Text("", ""), Text("", ""), "", True)).at().as_json()["mendable"]


def test_a_refusal_is_a_finding_with_its_code_and_texts() -> None:
    error = TitleTooLong(field="title", count=40, limit=32, unit="字符", unit_en="characters")
    told = refused(error).as_json()
    assert (told["rule"], told["level"], told["field"]) == (error.code, "error", "title")
    assert "40" in told["message"][0]
    assert told["fix"] == TitleTooLong.hint
    assert refusal_rule(TitleTooLong, "").refusal is TitleTooLong


def test_what_authors_wrote_is_shown_short_and_printable() -> None:
    assert clip("a\x00b") == "a b"
    assert len(clip("x" * 1_000)) == 61
