from dataclasses import dataclass

from wechat.call import BadAnswer, Call

GETCARDINFO = "/channels/ec/service/product/getcardinfo"

_MAX_DOM_CHARS = 20_000  # those that stand in articles have a few hundred


@dataclass(frozen=True, slots=True)
class ProductCard:
    """What WeChat gives to show a product: the one or the other, by the kinds of article and card.

    Source: doc page api_ecsgetproductcardinfo, read 2026-11.
    """

    product_key: str = ""  # for `product_info` of a draft
    dom: str = ""  # HTML to be put into the content as it is


class ProductClient:
    """Products of the account's shop. Raises as `Call` does."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def card(
        self, account: str, product_id: str, *, article_type: str, card_type: int
    ) -> ProductCard:
        """The card of a product. 10170001 unknown product, 10170003 no such card in that kind."""
        body = {"product_id": product_id, "article_type": article_type, "card_type": card_type}
        answer = await self._call.post(account, GETCARDINFO, body)
        key, dom = answer.get("product_key") or "", answer.get("DOM") or ""
        if not (isinstance(key, str) and isinstance(dom, str) and (key or dom)):
            raise BadAnswer(reason="getcardinfo gave neither product_key nor DOM")
        if len(dom) > _MAX_DOM_CHARS:
            raise BadAnswer(reason="a product's DOM is too large")
        return ProductCard(key, dom)
