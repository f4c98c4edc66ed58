import re
from collections.abc import Mapping
from hashlib import sha256

from content.manuscript import Manuscript
from content.refusals import ProductCardUnsupported, ProductsAtEnd
from wechat.limits import PRODUCT_CARDS

PLACE = re.compile(r"\{\{product:([0-9A-Za-z_-]{1,64})\}\}")
# Tags as the sanitizer writes them; nothing is tried twice.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*+)?(?:[^">]++|"[^"]*+")*+>')
_VERBATIM = ("pre", "code")
_SMALL, _BAR = 1, 3


def place_products(manuscript: Manuscript) -> None:
    """Mark where each product card belongs; who has an account will put it there.

    A mark holds a hash of the text it stands in, so that no author can write one. Raises
    ProductCardUnsupported, ProductsAtEnd.
    """
    products = manuscript.products
    if not products:
        return
    stem = "product-" + sha256(manuscript.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    marks = {product["product_id"]: f"{stem}-{at}." for at, product in enumerate(products)}
    placer = _Placer(manuscript, marks)
    if manuscript.article_type == "newspic":
        manuscript.html = placer.write(manuscript.html)
    else:
        manuscript.html = placer.write_html(manuscript.html)
    for index, product in enumerate(products):
        placed = product["product_id"] in placer.placed
        product["mark"] = marks[product["product_id"]] if placed else ""
        product["field"] = f"products[{index}]"
    _check(manuscript)


class _Placer:
    def __init__(self, manuscript: Manuscript, marks: Mapping[str, str]) -> None:
        self._manuscript = manuscript
        self._marks = marks
        self.placed: set[str] = set()

    def write(self, text: str) -> str:
        return PLACE.sub(self._mark, text)

    def write_html(self, html: str) -> str:
        """The same for the texts between tags, those of code left out."""
        out: list[str] = []
        at = verbatim = 0
        for tag in _TAG.finditer(html):
            text = html[at : tag.start()]
            out += (text if verbatim else self.write(text), tag.group())
            at = tag.end()
            if tag.group(2) in _VERBATIM:
                verbatim += -1 if tag.group(1) else 1
        out.append(self.write(html[at:]))
        return "".join(out)

    def _mark(self, found: re.Match[str]) -> str:
        product_id = found.group(1)
        if product_id in self._marks:
            self.placed.add(product_id)
            return self._marks[product_id]
        self._manuscript.warn(
            "product_not_declared",
            f"products 里没有商品 {product_id}，原样显示",
            f"there is no product {product_id} in products: shown as typed",
            field="products",
        )
        return found.group()


def _check(manuscript: Manuscript) -> None:
    kind = manuscript.article_type
    at_end = [product for product in manuscript.products if not product["mark"]]
    if kind == "newspic" and len(at_end) > 1:
        raise ProductsAtEnd(field=at_end[1]["field"])
    for product in manuscript.products:
        if product["card_type"] is None:
            is_bar = kind == "newspic" and not product["mark"]
            product["card_type"] = _BAR if is_bar else _SMALL
        if product["card_type"] not in PRODUCT_CARDS[kind]:
            raise ProductCardUnsupported(
                field=product["field"] + ".card_type",
                article_type=kind,
                card_type=product["card_type"],
            )
