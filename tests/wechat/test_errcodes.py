from wechat.errcodes import STALE_TOKEN, load_errcodes


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
