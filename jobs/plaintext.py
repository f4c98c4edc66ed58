import hashlib
import unicodedata
from html.parser import HTMLParser

# WeChat drops the first two with all they hold, and may write another text into a product card.
_DROPPED = frozenset({"script", "style", "mp-common-product"})


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._inside = 0

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        self._inside += tag in _DROPPED

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED and self._inside:
            self._inside -= 1

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data)


def text_hash(html: str) -> str:
    """A hash of the words of `html` alone: the same before and after WeChat stored it.

    WeChat rewrites tags, attributes, colours and white space, but not the words
    (reference: draft/get reads back another HTML than draft/add was given).
    """
    parser = _Words()
    parser.feed(html)
    parser.close()
    text = unicodedata.normalize("NFC", "".join(parser.parts))
    words = "".join(
        char for char in text if not char.isspace() and unicodedata.category(char) != "Cf"
    )
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
