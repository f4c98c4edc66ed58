from core.errors import GatewayError, Text, language_of


class TooLong(GatewayError):
    status = 422
    code = "title_too_long"
    message = Text("标题 {count} 个字", "the title has {count} characters")


def test_an_error_speaks_the_callers_language() -> None:
    error = TooLong(field="title", count=33)
    assert error.describe("zh", "req_1")["message"] == "标题 33 个字"
    assert error.describe("en", "req_1")["message"] == "the title has 33 characters"
    assert error.describe("en", "req_1")["field"] == "title"


def test_values_of_the_caller_are_never_read_as_a_template() -> None:
    error = TooLong(count="{0.__class__} {hint} %n ${jndi:x}")
    assert error.describe("en", "")["message"] == (
        "the title has {0.__class__} {hint} %n ${jndi:x} characters"
    )


def test_a_credential_that_a_caller_put_anywhere_is_not_told_back() -> None:
    error = TooLong(count="wxg_blog_CANARY0123456789abcdef")
    assert "CANARY" not in str(error) + str(error.describe("zh", "r"))


def test_optional_parts_are_left_out_when_unknown() -> None:
    assert set(TooLong(count=1).describe("zh", "r")) == {
        *("code", "category", "level", "message", "hint", "retryable", "request_id"),
    }
    full = TooLong(count=1, retry_after_s=2.6, upstream={"errcode": 45003}).describe("zh", "r")
    assert full["retry_after_s"] == 3
    assert full["upstream"] == {"errcode": 45003}


def test_chinese_unless_english_is_asked_for_first() -> None:
    assert language_of("") == "zh"
    assert language_of("zh-CN,zh;q=0.9,en;q=0.8") == "zh"
    assert language_of("en-GB,zh;q=0.5") == "en"
    assert language_of("fr") == "zh"


def test_an_error_made_anew_has_a_field_of_its_own() -> None:
    first = TooLong(field="a", count=1, limit=2)
    second = first.anew()
    second.field = "b"
    assert (str(first), first.field) == (str(second), "a")
    assert second.describe("en", "") == {**first.describe("en", ""), "field": "b"}
