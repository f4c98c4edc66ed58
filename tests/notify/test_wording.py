from notify.wording import plain_words


def test_plain_words_say_what_is_known_and_nothing_else() -> None:
    said = plain_words("quota.near", {"account": "main", "path": "", "used": 8_000}, "zh")
    assert said.subject == "接口额度已用八成"
    assert said.text == "接口额度已用八成\naccount: main\nused: 8000"
