from notify.wording import plain_words


def test_plain_words_say_what_is_known_and_nothing_else() -> None:
    known = {"account": "main", "key": "k", "over": False, "path": "", "used": 8_000}
    said = plain_words("quota.near", known, "zh")
    assert said.subject == "接口额度已用八成"
    assert said.text == "接口额度已用八成\naccount: main\nused: 8000"


def test_an_end_is_told_as_one() -> None:
    assert plain_words("quota.near", {"over": True}, "zh").text == "已解除：接口额度已用八成"
