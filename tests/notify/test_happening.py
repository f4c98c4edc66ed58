from notify.happening import Happening, row_of, tell_nobody


def test_nobody_needs_to_listen() -> None:
    tell_nobody(Happening(event="disk.near", key="gate-1"))


def test_each_is_a_row_of_its_own_unless_it_is_told_once() -> None:
    again = Happening(event="quota.near", account="main", key="main /cgi-bin/draft/add")
    assert row_of(again, 1.0).id != row_of(again, 2.0).id
    once = Happening(event="quota.near", key=again.key, once="2026-11-23")
    assert row_of(once, 1.0).id == row_of(once, 2.0).id
    for other in (
        Happening(event="quota.near", key=again.key, once="2026-11-24"),
        Happening(event="quota.near", key=again.key, once=once.once, over=True),
        Happening(event="quota.spent", key=again.key, once=once.once),
        Happening(event="quota.near", key="other", once=once.once),
    ):
        assert row_of(other, 1.0).id != row_of(once, 1.0).id


def test_a_row_holds_no_credential_and_fits_its_columns() -> None:
    secret = "0123456789abcdef0123456789abcdef"
    told = Happening(
        event="job.failed",
        account="main",
        key="\x00" + "k" * 300 + "\ud800",
        data={
            "errmsg": f"invalid credential secret={secret}",
            "password": "hunter2",
            "steps": [{"said": f"Bearer {secret}"}],
            "title": "标题",
            "count": 3,
        },
    )
    row = row_of(told, 1.0)
    assert secret not in str(row.data)
    assert row.data["password"] == "***"
    assert (row.data["title"], row.data["count"]) == ("标题", 3)
    assert len(row.key) == 200
    assert "\x00" not in row.key


def test_a_key_that_is_no_text_is_kept_readable() -> None:
    assert row_of(Happening(event="disk.near", key="a\ud800"), 1.0).key == "a?"
