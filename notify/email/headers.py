"""Header lines of a mail in ASCII, whatever they say: RFC 2047 for text, RFC 2231 for names."""

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import quote

_LINE = 76
_LONGEST = 200  # a word that stands there as it is
_WORD_BYTES = 42  # of text in an encoded word, which is then 68 of the 75 that it may have
_NAME_BYTES = 54  # of a file's name on one line, percent-encoded
_PLAIN = re.compile(r"[ -~]*")


def one_line(text: str) -> str:
    """`text` without what could begin another header, or hide what it says."""
    known = text.encode("utf-8", "replace").decode("utf-8")
    spaced = (" " if unicodedata.category(char) in _BREAKS else char for char in known)
    return " ".join("".join(spaced).split())


_BREAKS = frozenset({"Cc", "Zl", "Zp"})


def unstructured(name: str, text: str) -> bytes:
    """The header of that name with free text in it, such as the subject."""
    text = one_line(text)
    words = text.split(" ")
    if _PLAIN.fullmatch(text) and "=?" not in text and max(map(len, words)) <= _LONGEST:
        return structured(name, words, "")
    return structured(name, encoded_words(text), "")


def structured(name: str, parts: Iterable[str], separator: str = ",") -> bytes:
    """The header of that name with `parts` that stand on lines of their own where they must.

    Only the addresses among them may be other than ASCII, in a mail that goes by SMTPUTF8.
    """
    lines = [f"{name}:"]
    parts = list(parts)
    for place, part in enumerate(parts):
        piece = part + (separator if place < len(parts) - 1 else "")
        if len(lines[-1]) + 1 + len(piece) > _LINE and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {piece}"
    return "\r\n".join(lines).encode() + b"\r\n"


def mailbox(name: str, address: str) -> str:
    """An address with the name of whose it is."""
    name = one_line(name)
    if not name:
        return address
    if re.fullmatch(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+", name) and "=?" not in name:
        return f"{name} <{address}>"
    return "\r\n ".join([*encoded_words(name), f"<{address}>"])


def encoded_words(text: str) -> list[str]:
    """`text` as encoded words of RFC 2047, none of which ends within a character."""
    return [
        f"=?utf-8?B?{base64.b64encode(part.encode()).decode('ascii')}?="
        for part in _parts(text, _WORD_BYTES)
    ]


def _parts(text: str, most: int) -> Iterator[str]:
    part, size = "", 0
    for char in text:
        more = len(char.encode())
        if size + more > most:
            yield part
            part, size = "", 0
        part, size = part + char, size + more
    yield part


def file_parameters(name: str) -> tuple[list[str], list[str]]:
    """How a file of that name is called: parameters of Content-Type, of Content-Disposition.

    Beyond ASCII the second is RFC 2231, which is the standard; the first is RFC 2047 within quotes,
    which no standard has, and which old Outlook and Foxmail, QQ and NetEase read. Thunderbird and
    Gmail write both, too.
    """
    if _PLAIN.fullmatch(name) and len(name) <= _NAME_BYTES and "=?" not in name:
        quoted = re.sub(r'(["\\])', r"\\\1", name)
        return [f'name="{quoted}"'], [f'filename="{quoted}"']
    words = "\r\n ".join(encoded_words(name))
    return [f'name="{words}"'], _rfc2231("filename", name)


def _rfc2231(parameter: str, value: str) -> list[str]:
    # No piece ends within a character: some programs decode each by itself.
    first, *others = (quote(part, safe="") for part in _parts(value, _NAME_BYTES // 3))
    if not others:
        return [f"{parameter}*=utf-8''{first}"]
    return [
        f"{parameter}*0*=utf-8''{first}",
        *(f"{parameter}*{number}*={piece}" for number, piece in enumerate(others, 1)),
    ]
