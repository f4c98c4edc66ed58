from typing import Any

import pytest

from accounts.clients import Client
from accounts.official import OfficialAccount
from proxy.rulebook import Rulebook
from tests.gateway import CLIENTS, MAIN
from wechat.limits import DAILY_QUOTAS

SUBMIT, MENU, TOKEN = "/cgi-bin/freepublish/submit", "/cgi-bin/menu/get", "/cgi-bin/token"
BLOG = CLIENTS[0].model_copy(update={"rate_limit": "600/minute"})


class Quotas:
    def quota_of(self, account: OfficialAccount, path: str) -> int | None:
        return account.quotas.get(path) or DAILY_QUOTAS.get(path)


def changed(model: Any, **fields: object) -> Any:
    return model.model_copy(update=fields)


def names(
    path: str,
    *,
    limits: dict[str, str] | None = None,
    client: Client = BLOG,
    account: OfficialAccount = MAIN,
) -> list[str]:
    book = Rulebook(limits or {}, Quotas())
    rules = book.rules(client, account, path)
    named = [str(book.named(client, account, path, rule)) for rule in rules]
    builtin = book.builtin(client, account, path)
    return [*dict.fromkeys(named), *([] if builtin is None else [str(builtin)])]


def test_a_client_has_its_rate_over_all_calls() -> None:
    assert names(MENU) == ["client blog: * = 600/minute"]
    assert names(MENU, client=changed(BLOG, rate_limit="none")) == []


@pytest.mark.parametrize("off", ["none", ""])
@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (["/cgi-bin/*"], "/cgi-bin/*"),
        (["/cgi-bin/*", "/cgi-bin/menu/*"], "/cgi-bin/menu/*"),
        (["/cgi-bin/menu/get", "/cgi-bin/menu/get*", "/cgi-bin/*"], MENU),
        (["/cgi-bin/menu/getx"], None),
        (["/cgi-bin/menu"], None),
        (["/*"], "/*"),
    ],
)
def test_the_exact_path_ranks_before_the_longest_pattern(
    patterns: list[str], chosen: str | None, off: str
) -> None:
    alone = changed(BLOG, rate_limit=off)
    found = names(MENU, limits=dict.fromkeys(patterns, "7/minute"), client=alone)
    assert found == ([f"client blog: {chosen} = 7/minute"] if chosen else [])


def test_a_clients_own_rate_stands_in_place_of_the_common_one() -> None:
    client = changed(BLOG, rate_limit="", limits={"/cgi-bin/menu/*": "1/minute"})
    limits = {"/cgi-bin/menu/*": "9/minute"}
    assert names(MENU, limits=limits, client=client) == ["client blog: /cgi-bin/menu/* = 1/minute"]


def test_an_accounts_rates_stand_beside_the_clients() -> None:
    account = changed(MAIN, rate_limit="50/minute", limits={"/cgi-bin/*": "5/second"})
    assert names(MENU, account=account) == [
        "client blog: * = 600/minute",
        "account main: * = 50/minute",
        "account main: /cgi-bin/* = 5/second",
    ]


@pytest.mark.parametrize("path", sorted(set(DAILY_QUOTAS) - {TOKEN, "/cgi-bin/stable_token"}))
def test_built_in_rates_stay_under_every_daily_quota_of_wechat(path: str) -> None:
    book = Rulebook({}, Quotas())
    named = book.builtin(BLOG, MAIN, path)
    assert named is not None
    (rule,) = named.rules
    assert rule.rate.period_s == 86_400
    assert rule.rate.count * 10 <= DAILY_QUOTAS[path] * 9
    assert rule not in book.rules(BLOG, MAIN, path)
    assert named in list(book.builtins(BLOG, MAIN))
    assert str(named).startswith("builtin client blog on main: ")


def test_a_built_in_rate_is_replaced_by_a_rate_for_its_very_path_alone() -> None:
    builtin = "builtin client blog on main: /cgi-bin/freepublish/submit = 90/day"
    assert builtin in names(SUBMIT)
    assert builtin in names(SUBMIT, limits={"/cgi-bin/freepublish/*": "10/minute"})
    assert builtin not in names(SUBMIT, limits={SUBMIT: "10/minute"})
    assert builtin not in names(SUBMIT, client=changed(BLOG, limits={SUBMIT: "none"}))


def test_a_built_in_rate_follows_the_accounts_own_quota() -> None:
    rich = changed(MAIN, quotas={SUBMIT: 1_000})
    assert names(SUBMIT, account=rich)[-1].endswith("= 900/day")


@pytest.mark.parametrize("path", [TOKEN, "/cgi-bin/stable_token"])
def test_what_wxgate_answers_itself_has_no_built_in_rate(path: str) -> None:
    assert names(path) == ["client blog: * = 600/minute"]


def test_a_changed_client_is_judged_by_its_new_rates() -> None:
    book = Rulebook({}, Quotas())
    before = book.rules(BLOG, MAIN, MENU)
    assert book.rules(BLOG, MAIN, MENU) is before
    after = book.rules(changed(BLOG, rate_limit="5/minute"), MAIN, MENU)
    assert [rule.rate.count for rule in after] == [5]


def test_clients_and_accounts_of_one_name_share_nothing() -> None:
    twin = changed(BLOG, id="main")
    account = changed(MAIN, rate_limit="600/minute")
    rules = Rulebook({}, Quotas()).rules(twin, account, MENU)
    assert len({rule.key for rule in rules}) == 2


def test_other_limits_count_at_once() -> None:
    book = Rulebook({MENU: "5/minute"}, Quotas())
    assert [rule.rate.count for rule in book.rules(BLOG, MAIN, MENU)] == [600, 5]
    *_, earlier = book.rules(BLOG, MAIN, MENU)
    book.replace_limits({MENU: "7/minute"})
    # Who was judged by it, and waited for Redis' answer meanwhile, is told all the same.
    assert book.named(BLOG, MAIN, MENU, earlier).rules == (earlier,)
    assert [rule.rate.count for rule in book.rules(BLOG, MAIN, MENU)] == [600, 7]


def test_a_quota_without_bounds_makes_a_rule_all_the_same() -> None:
    """A probe keeps what WeChat says, whatever that is."""
    boundless = changed(MAIN, quotas={SUBMIT: 10**15})
    assert f"builtin client blog on main: {SUBMIT} = 1000000000/day" in names(
        SUBMIT, account=boundless
    )
