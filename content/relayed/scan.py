"""What a relayed draft needs: looked up in a worker process, which changes nothing.

The answer says where the serving process has to put what, in bytes of the body.
"""

from itertools import pairwise
from typing import Any

from content.pictures.source import source_kind
from content.relayed.fields import Field, Unreadable, fields_of
from content.relayed.markup import Named, Span, pictures_of, wrapper_of

_KINDS = {"content": "article", "cover": "cover", "material": "material"}
_ADDRESSES = ("url", "data", "wechat")
_MAX_EDITS = 5_000
_NOTHING = -1  # as the picture of an edit: what stands there goes


def scan_draft(arguments: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """`{"readable", "unwrapped", "pictures", "edits", "too_many"}` of a draft.

    `pictures` are `{src, kind, field, is_background}`, each once; a `src` of None stands for a
    data: URI that is just what the body has at the first edit of the picture. `edits` are
    `[start, end, picture]`, in their order; a picture of -1: nothing comes in its place.
    """
    try:
        text = body.decode()
        fields = list(fields_of(text))
    except (UnicodeDecodeError, Unreadable):
        return {"readable": False}, b""
    draft = _Draft(text, arguments["max_images"] if arguments["images"] else 0)
    for field in fields:
        draft.take(field, pictures=arguments["images"])
    return draft.result(), b""


class _Draft:
    def __init__(self, text: str, max_images: int) -> None:
        self._text = text
        self._max = max_images
        self._pictures: list[dict[str, Any]] = []
        self._numbers: dict[tuple[str, str], int] = {}  # by source and kind
        self._edits: list[tuple[int, int, int]] = []
        self._unwrapped: list[int] = []
        self._in_article: dict[int, int] = {}
        self._too_many = False

    def take(self, field: Field, *, pictures: bool) -> None:
        """Note what `field` needs."""
        if field.role == "content":
            wrapper = wrapper_of(field.value)
            if wrapper:
                self._unwrapped.append(field.article)
            for span in wrapper:
                self._edit(field, span.start, span.end, _NOTHING)
            for named in pictures_of(field.value) if pictures else ():
                if all(named.span.start >= w.end or named.span.end <= w.start for w in wrapper):
                    self._want(field, named)
        elif pictures and source_kind(field.value) in _ADDRESSES:
            # Anything else is a media_id, or WeChat's to judge.
            self._want(field, Named(field.value, Span(0, len(field.value))))

    def result(self) -> dict[str, Any]:
        """What `scan_draft` answers."""
        edits = sorted(self._edits)
        return {
            "readable": True,
            "unwrapped": self._unwrapped,
            "pictures": self._pictures,
            "edits": self._in_bytes(edits),
            "too_many": self._too_many,
        }

    def _want(self, field: Field, named: Named) -> None:
        src = named.src.encode(errors="replace").decode()  # JSON may spell half a character
        start, end = named.span
        key = (src, _KINDS[field.role])
        number = self._numbers.get(key)
        if number is None:
            if len(self._numbers) >= self._max or len(self._edits) >= _MAX_EDITS:
                self._too_many = True
                return
            number = self._numbers[key] = len(self._numbers)
            at, to = field.place.of(start), field.place.of(end)
            as_is = src.startswith("data:") and self._text[at:to] == src
            self._pictures.append(
                {
                    "src": None if as_is else src,
                    "kind": key[1],
                    "field": self._name(field),
                    "is_background": named.is_background,
                }
            )
        self._edit(field, start, end, number)

    def _name(self, field: Field) -> str:
        """As findings name a picture: articles[0].images[2]."""
        if field.role != "content":
            return field.path
        count = self._in_article.get(field.article, 0)
        self._in_article[field.article] = count + 1
        return f"{field.path.removesuffix('content')}images[{count}]"

    def _edit(self, field: Field, start: int, end: int, picture: int) -> None:
        if len(self._edits) >= _MAX_EDITS:
            self._too_many = True
        elif start < end:
            self._edits.append((field.place.of(start), field.place.of(end), picture))

    def _in_bytes(self, edits: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """The same with places in the UTF-8."""
        if self._text.isascii():
            return edits
        marks = sorted({0, *(at for start, end, _ in edits for at in (start, end))})
        places = {0: 0}
        for before, at in pairwise(marks):
            places[at] = places[before] + len(self._text[before:at].encode())
        return [(places[start], places[end], picture) for start, end, picture in edits]
