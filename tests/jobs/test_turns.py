from jobs.turns import Turns


def test_what_is_asked_for_is_given_while_there_is_room() -> None:
    turns = Turns(2)
    assert [turns.take("main", at, now=100) for at in (105.25, 105.75, 130.5)] == [
        *(105.25, 105.75),
        130.5,
    ]


def test_a_full_second_is_passed_over() -> None:
    turns = Turns(2)
    assert [turns.take("main", 105.5, now=100) for _ in range(5)] == [105.5, 105.5, 106, 106, 107]
    assert turns.take("main", 103, now=100) == 103


def test_accounts_do_not_wait_for_each_other() -> None:
    turns = Turns(1)
    assert [turns.take(account, 105, now=100) for account in ("main", "other")] == [105, 105]


def test_what_is_past_is_forgotten() -> None:
    turns = Turns(1)
    turns.take("main", 105, now=100)
    assert turns.take("main", 105, now=200) == 105
    assert len(turns._taken["main"]) == 1
