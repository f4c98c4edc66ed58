from typing import Any

import pytest

from sandbox.settings import PERSONAL
from tests.sandbox.caller import Caller
from wechat.products import GETCARDINFO


async def _card(caller: Caller, **changes: Any) -> dict[str, Any]:
    body = {"product_id": "10000123", "article_type": "news", "card_type": 1, **changes}
    return await caller.post(GETCARDINFO, body)


def _key(dom: str) -> str:
    return dom.partition('data-windowproduct="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"product_id": "x"}, 10170001),
        ({"product_id": 10000123}, 10170001),
        ({"product_id": "12"}, 10170001),
        ({"article_type": "video"}, 10170002),
        ({"article_type": ["news"]}, 10170002),
        ({"card_type": 4}, 10170003),
        ({"card_type": "1"}, 10170003),
        ({"card_type": 3}, 10170003),
        ({"article_type": "newspic", "card_type": 0}, 10170003),
    ],
)
async def test_what_is_no_card_is_refused(
    caller: Caller, changes: dict[str, Any], errcode: int
) -> None:
    assert (await _card(caller, **changes))["errcode"] == errcode


async def test_key_and_dom_are_given_where_they_are_wanted(caller: Caller) -> None:
    bar = await _card(caller, article_type="newspic", card_type=3)
    assert bar["product_key"]
    assert "DOM" not in bar
    small = await _card(caller)
    assert "product_key" not in small
    assert small["DOM"].startswith("<mp-common-product ")
    assert 'tagname="mp-common-product"' in (await _card(caller, card_type=2))["DOM"]


@pytest.mark.parametrize("card_type", [0, 1, 2])
async def test_wechats_own_dom_passes_its_filter(caller: Caller, card_type: int) -> None:
    dom = (await _card(caller, card_type=card_type))["DOM"]
    kept = (await caller.read(await caller.draft(content=f"<p>买{dom}</p>")))["content"]
    assert kept.count(_key(dom)) == 1
    assert "mp-common-product" in kept


async def test_a_card_that_wechat_did_not_give_is_refused(caller: Caller) -> None:
    made_up = '<mp-common-product data-windowproduct="K" data-cardtype="1"></mp-common-product>'
    assert (await caller.add(content=made_up))["errcode"] == 53405
    bare = "<mp-common-product></mp-common-product>"
    assert (await caller.add(content=f"<p>x{bare}</p>"))["errcode"] == 53405
    for_newspic = (await _card(caller, article_type="newspic"))["DOM"]
    assert (await caller.add(content=for_newspic))["errcode"] == 53405


async def test_who_has_no_shop_shows_no_products(caller: Caller) -> None:
    dom = (await _card(caller))["DOM"]
    other = caller.as_account(PERSONAL)
    assert (await other.add(content=dom))["errcode"] == 53406


async def test_a_newspic_keeps_cards_in_its_text_and_one_at_its_end(caller: Caller) -> None:
    pictures = {"image_list": [{"image_media_id": await caller.thumb()}]}
    dom = (await _card(caller, article_type="newspic"))["DOM"]
    key = (await _card(caller, article_type="newspic", card_type=3))["product_key"]
    fields: dict[str, Any] = {
        "article_type": "newspic",
        "image_info": pictures,
        "content": f"第一行\n<b>买</b> {dom}\n1 < 2",
    }
    footer = {"footer_product_info": {"product_key": key}}
    got = await caller.read(await caller.draft(**fields, product_info=footer))
    lines = got["content"].split("\n")
    assert lines[0] == "第一行"
    assert _key(dom) in lines[1]
    assert "<b>" not in lines[1]
    assert lines[2] == "1 &lt; 2"
    assert got["product_info"] == footer
    for wrong, errcode in (
        ({"footer_product_info": {"product_key": "K"}}, 53405),
        ({"footer_product_info": {}}, 53405),
        ({"footer_product_info": "K"}, 47001),
        ("K", 47001),
    ):
        assert (await caller.add(**fields, product_info=wrong))["errcode"] == errcode
    assert (await caller.add(**{**fields, "content": dom * 51}))["errcode"] == 45166
