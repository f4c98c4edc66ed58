from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.responses import Place
from proxy.response_key import place_of
from tests.gateway import PERSONAL
from tests.proxy.caching import LIST, MENU_CREATE, MENU_GET, RIGHTS, TICKET, relayed

COUNT_DRAFTS = "/cgi-bin/draft/count"
USER, USERINFO = "/cgi-bin/user/info", "/sns/userinfo"


def place(path: str, *args: Any, **changes: Any) -> Place:
    rights = changes.pop("rights", RIGHTS)
    found = place_of(relayed(path, *args, **changes), rights)
    assert found is not None
    return found


@pytest.mark.parametrize("path", [MENU_CREATE, COUNT_DRAFTS])
def test_writes_and_what_the_catalogue_does_not_allow_have_no_place(path: str) -> None:
    assert place_of(relayed(path), RIGHTS) is None


def test_the_order_of_the_query_and_the_callers_token_do_not_matter() -> None:
    assert place(TICKET, query="type=jsapi&access_token=a&x=%31") == place(
        TICKET, query="x=1&access_token=b&type=jsapi&secret=s"
    )
    assert place(TICKET, query="type=jsapi") != place(TICKET, query="type=wx_card")
    assert place(TICKET, query="a=1&a=2") != place(TICKET, query="a=2")


@pytest.mark.parametrize(
    ("one", "other"), [("openid=a&openid=b", "openid=b&openid=a"), ("openid=%ff", "openid=%fe")]
)
def test_queries_that_wechat_may_read_differently_share_nothing(one: str, other: str) -> None:
    assert place(USER, query=one) != place(USER, query=other)


def test_a_users_own_token_is_part_of_what_the_answer_depends_on() -> None:
    assert place(USERINFO, query="access_token=a&openid=o") != place(
        USERINFO, query="access_token=b&openid=o"
    )


def test_spellings_of_one_json_object_share_an_answer() -> None:
    assert place(LIST, b'{"type":"image","offset":0}') == place(
        LIST, b'{ "offset": 0, "type": "\\u0069mage" }'
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"offset":0}', b'{"offset":1}'),
        (b'{"offset":0}', b'{"offset":1,"offset":0}'),
        (b'{"offset":0}', b'{"offset":"0"}'),
        (b'{"offset":0}', b'{"offset":false}'),
        (b'{"offset":0}', b"offset=0"),
    ],
)
def test_bodies_that_could_be_read_differently_do_not(one: bytes, other: bytes) -> None:
    assert place(LIST, one) != place(LIST, other)


def test_account_path_and_rights_are_kept_apart() -> None:
    here = place(MENU_GET)
    assert here != place(MENU_GET, account=PERSONAL)
    assert here.digest != place(MENU_GET, account=PERSONAL).digest
    assert here != place(MENU_GET, rights=RIGHTS | {"material"})
    assert here == place(MENU_GET, rights=["relay:read"])
    assert here != place("/cgi-bin/get_current_selfmenu_info")


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")), st.text(max_size=8))
def test_no_two_different_calls_share_a_digest(one: set[str], other: set[str], text: str) -> None:
    same = one == other
    here = place(LIST, {"t": text}, rights=one)
    assert (here == place(LIST, {"t": text}, rights=other)) is same
    assert here != place(LIST, {"t": text + "x"}, rights=one)


def test_encrypted_and_large_bodies_have_no_place() -> None:
    signed = relayed(LIST, {}, headers={"wechatmp-signature": "s"})
    assert place_of(signed, RIGHTS) is None
    assert place_of(relayed(LIST, b" " * 65_537), RIGHTS) is None
