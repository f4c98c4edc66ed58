from notify.happening import Happening
from proxy.alarms import SILENT, Alarms
from tests.gateway import MAIN

IP = "203.0.113.7"
REFUSED = f'{{"errcode":40164,"errmsg":"invalid ip {IP} ipv6 ::ffff:{IP}, not in whitelist"}}'


def test_who_is_told_of_a_refused_ip_learns_which_it_is() -> None:
    told: list[Happening] = []
    Alarms(told.append).ip_refused(MAIN, "/cgi-bin/stable_token", REFUSED.encode())
    (one,) = told
    assert (one.event, one.account, one.key, one.over) == (
        *("account.ip_refused", "main", "main"),
        False,
    )
    assert one.data["ip"] == IP
    assert one.data["app_id"] == MAIN.app_id
    assert MAIN.app_secret.get_secret_value() not in str(one)


def test_an_answer_that_says_nothing_is_told_of_all_the_same() -> None:
    told: list[Happening] = []
    Alarms(told.append).ip_refused(MAIN, "/cgi-bin/user/get", b"not JSON")
    assert (told[0].data["ip"], told[0].data["errmsg"]) == (None, "")


def test_a_breaker_that_probes_is_no_news() -> None:
    told: list[Happening] = []
    alarms = Alarms(told.append)
    for state in ("open", "half_open", "open", "half_open", "closed"):
        alarms.breaker("main", "api.test", state)
    assert [(one.key, one.over) for one in told] == [
        ("main api.test", False),
        ("main api.test", False),
        ("main api.test", True),
    ]


def test_where_nobody_listens_nothing_fails() -> None:
    SILENT.token_conflict(MAIN)
    SILENT.quota_is_back(MAIN, "/cgi-bin/user/get", 80)
