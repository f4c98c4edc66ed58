from types import SimpleNamespace
from typing import Any

import pytest

from content.article import ProductRef
from content.cards import ProductCards, with_cards
from content.refusals import ProductCardMisplaced
from core.errors import GatewayError
from wechat.call import WeChatRefused
from wechat.draft import Article
from wechat.products import ProductCard, ProductClient

PLACED = ProductRef("1", 1, "mark-0.", "products[0]")
AT_END = ProductRef("2", 1, "", "products[1]")


class Shop:
    """Keeps the Protocol Call: answers by product_id."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self._answers = answers

    async def post(self, _account: str, path: str, body: Any, *, query: Any = None) -> Any:
        answer = self._answers["p" + body["product_id"]]
        if "errcode" in answer:
            raise WeChatRefused(errcode=answer["errcode"], errmsg="x", path=path)
        return answer

    async def get(self, *_args: Any, **_how: Any) -> Any:
        raise AssertionError

    async def upload(self, *_args: Any, **_how: Any) -> Any:
        raise AssertionError


async def _fetch(shop: Shop, article_type: str, *products: ProductRef) -> Any:
    cards = ProductCards(ProductClient(shop))
    article: Any = SimpleNamespace(article_type=article_type, products=products)
    return await cards.fetch("main", article)


async def test_wechats_html_goes_in_as_it_is() -> None:
    dom = '<mp-common-product data-x="&amp;\'"></mp-common-product>'
    cards = await _fetch(Shop(p1={"DOM": dom}, p2={"DOM": "<i/>"}), "news", PLACED, AT_END)
    article = Article(title="t", content="<p>mark-0. mark-0.</p>", thumb_media_id="T")
    assert with_cards(article, cards).content == f"<p>{dom} {dom}</p><i/>"


async def test_a_key_belongs_to_the_end_of_a_newspic() -> None:
    cards = await _fetch(Shop(p2={"product_key": "K"}), "newspic", AT_END)
    made = with_cards(Article(title="t", content="文", article_type="newspic"), cards)
    assert (made.content, made.product_key) == ("文", "K")
    assert cards == {AT_END: ProductCard("K", "")}


@pytest.mark.parametrize(
    ("article_type", "product", "answer", "error"),
    [
        ("news", AT_END, {"product_key": "K"}, ProductCardMisplaced),
        ("newspic", PLACED, {"product_key": "K"}, ProductCardMisplaced),
        ("news", PLACED, {"errcode": 10170001}, WeChatRefused),
    ],
)
async def test_an_error_names_the_product(
    article_type: str, product: ProductRef, answer: dict[str, Any], error: type[GatewayError]
) -> None:
    shop = Shop(p1=answer, p2=answer)
    with pytest.raises(error) as caught:
        await _fetch(shop, article_type, product)
    assert caught.value.field == product.field


async def test_an_article_without_products_asks_nothing() -> None:
    assert await _fetch(Shop(), "news") == {}
