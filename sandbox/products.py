import html
import re

from sandbox.answers import Answer, Refused, ok
from sandbox.apicall import AccountHandler, ApiCall
from sandbox.models import ProductCard
from sandbox.settings import SandboxAccount
from sandbox.world import World
from wechat.limits import PRODUCT_CARDS
from wechat.products import GETCARDINFO

_PRODUCT_ID = re.compile(r"[1-9][0-9]{3,19}")
_LINK, _BAR = 2, 3


class Products:
    """The shop's one call for articles. Every number of 4 to 20 digits is a product.

    Source: doc page api_ecsgetproductcardinfo, read 2026-11. How the DOM looks is not told there:
    it is made like those that stand in published articles.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def handlers(self) -> dict[str, AccountHandler]:
        """The calls of this family."""
        return {GETCARDINFO: self.card}

    def card(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """A key for the bar at the end of a newspic, HTML for any other card."""
        product_id = call.json.get("product_id")
        if not isinstance(product_id, str) or not _PRODUCT_ID.fullmatch(product_id):
            raise Refused(10170001)
        article_type = call.json.get("article_type")
        if not isinstance(article_type, str) or article_type not in PRODUCT_CARDS:
            raise Refused(10170002)
        card_type = call.integer("card_type", 10170003)
        if card_type not in PRODUCT_CARDS[article_type]:
            raise Refused(10170003)
        key = self._world.new_id(40)
        card = ProductCard(product_id=product_id, article_type=article_type, card_type=card_type)
        self._world.product_cards.put(account.app_id, key, card)
        return (
            ok(product_key=key) if card_type == _BAR else ok(DOM=_dom(key, product_id, card_type))
        )


def _dom(key: str, product_id: str, card_type: int) -> str:
    title = html.escape(f"商品 {product_id}")
    data = f'data-windowproduct="{key}" data-cardtype="{card_type}" data-title="{title}"'
    if card_type == _LINK:
        link = f'<a class="js_product" {data} tagname="mp-common-product" linktype="product">'
        return f'<span class="product_text">{link}{title}</a></span>'
    return f'<mp-common-product {data} data-type="0"></mp-common-product>'
