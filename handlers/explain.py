"""WeChat's own refusals with their cause and cure, where that is asked for (docs/adr/0013)."""

import re

import orjson

from core.errors import Language
from proxy.advice import advice_for
from wechat.errcodes import Errcode

# Of valid JSON: an errmsg that is text, else any text, else what opens or closes a level.
_TOKEN = re.compile(
    rb'(?P<errmsg>"errmsg"\s*:\s*"(?:[^"\\]++|\\.)*+")|"(?:[^"\\]++|\\.)*+"|[{}\[\]]', re.DOTALL
)


def explained(answer: bytes, errcode: Errcode, language: Language) -> bytes:
    """`answer`, a JSON object, with cause and cure behind its errmsg; all else stays to the byte.

    It is as it was where it has no errmsg, or two of them.
    """
    end = _end_of_errmsg(answer)
    if end is None:
        return answer
    cure = advice_for(errcode, answer.decode("utf-8", "replace"))
    cause, hint = (errcode.chinese, cure.zh) if language == "zh" else (errcode.name, cure.en)
    told = orjson.dumps(f" | wxgate: {cause} → {hint}")[1:-1]
    return answer[:end] + told + answer[end:]


def _end_of_errmsg(answer: bytes) -> int | None:
    """Where the text of the object's own errmsg ends; not of one inside of its values."""
    depth, ends = 0, []
    for token in _TOKEN.finditer(answer):
        if token["errmsg"]:
            if depth == 1:
                ends.append(token.end() - 1)
        elif token[0] in (b"{", b"["):
            depth += 1
        elif token[0] in (b"}", b"]"):
            depth -= 1
    return ends[0] if len(ends) == 1 else None
