from notify.senders.mentions import Mentions


def test_phones_users_and_everybody_are_told_apart() -> None:
    called = Mentions.of(("13800000000", "+8613800000001", "zhang.san", "ou_84aad3", "all"))
    assert called.phones == ["13800000000", "+8613800000001"]
    assert called.users == ["zhang.san", "ou_84aad3"]
    assert called.everybody


def test_what_could_end_the_markup_around_it_is_left_out() -> None:
    called = Mentions.of(("a></at><at id=all", "<!channel>", "a b", "x" * 65, "", "字"))
    assert called == Mentions([], [], everybody=False)
