from typing import Any

import pytest

from wechat.call import BadAnswer
from wechat.products import GETCARDINFO, ProductCard, ProductClient


@pytest.mark.parametrize(
    ("answer", "card"),
    [
        ({"errcode": 0, "DOM": "<mp-common-product/>"}, ProductCard("", "<mp-common-product/>")),
        ({"errcode": 0, "product_key": "K"}, ProductCard("K", "")),
        ({"product_key": "K", "DOM": "<a/>"}, ProductCard("K", "<a/>")),
    ],
)
async def test_a_card_is_a_key_or_a_dom(
    fake_call: Any, answer: dict[str, Any], card: ProductCard
) -> None:
    call = fake_call(answer)
    client = ProductClient(call)
    assert await client.card("main", "10000", article_type="news", card_type=1) == card
    body = {"product_id": "10000", "article_type": "news", "card_type": 1}
    assert call.asked == [("main", GETCARDINFO, body)]


@pytest.mark.parametrize(
    "answer", [{}, {"DOM": ""}, {"DOM": 1}, {"product_key": ["K"]}, {"DOM": "x" * 20_001}]
)
async def test_an_answer_that_is_no_card_makes_no_sense(fake_call: Any, answer: Any) -> None:
    with pytest.raises(BadAnswer):
        await ProductClient(fake_call(answer)).card("main", "1", article_type="news", card_type=1)
