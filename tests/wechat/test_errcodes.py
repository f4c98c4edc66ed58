from wechat.errcodes import STALE_TOKEN, load_errcodes, refused_ip


def test_every_code_of_the_table_is_there() -> None:
    errcodes = load_errcodes()
    assert len(errcodes) == 1896
    assert all(isinstance(entry.errcode, int) for entry in errcodes)


def test_actions_say_who_must_do_something() -> None:
    errcodes = load_errcodes()
    assert {errcodes.get(code).action for code in STALE_TOKEN} == {"refresh_token"}
    assert errcodes.get(40164).action == "whitelist_ip"
    assert errcodes.get(45009).action == "wait_quota"
    assert errcodes.get(48001).category == "permission"
    assert errcodes.get(-1).retryable
    assert not errcodes.get(48001).retryable


def test_an_unknown_code_is_nobodys_to_mend() -> None:
    unknown = load_errcodes().get(987_654_321)
    assert (unknown.category, unknown.action, unknown.retryable) == ("system", "none", False)


def test_those_that_people_meet_most_have_a_hint_in_both_languages() -> None:
    hints = {entry.errcode: entry.hint for entry in load_errcodes() if entry.hint is not None}
    assert len(hints) >= 60
    assert hints.keys() >= {-1, 40001, 40007, 40013, 40125, 40164, 45009, 45166, 48001, 53503}
    for hint in hints.values():
        assert hint.zh
        assert hint.en
        assert ("{ip}" in hint.zh) == ("{ip}" in hint.en)


def test_the_refused_ip_is_read_from_wechats_words() -> None:
    assert refused_ip("invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in") == "203.0.113.7"
    assert refused_ip("invalid ip 2001:db8::7, not in whitelist") == "2001:db8::7"
    assert refused_ip("invalid appid") is None


def test_every_errcode_says_something_in_both_languages_and_owns_up_to_translations() -> None:
    for entry in load_errcodes():
        assert entry.name
        assert entry.chinese
        assert "no wire text" not in entry.name
        assert entry.translated in ("", "zh", "en")
    known = load_errcodes()
    assert known.get(9401001).translated == "en"
    assert (known.get(40074).translated, known.get(40001).translated) == ("zh", "")
