import json

import pytest

from core.errors import Language
from handlers.explain import explained
from wechat.errcodes import Errcode, load_errcodes

LACKS = load_errcodes().get(48001)
ADDED = " | wxgate: api unauthorized → "


def in_english(answer: bytes, errcode: Errcode = LACKS) -> bytes:
    return explained(answer, errcode, "en")


@pytest.mark.parametrize(
    ("errcode", "language", "cause", "cure"),
    [
        (48001, "zh", "接口未授权", "在公众号后台点“发布”"),
        (48001, "en", "api unauthorized", "press publish in WeChat's console"),
        (40007, "zh", "media_id 无效", "add_material"),
        (40007, "en", "invalid media_id", "add_material"),
    ],
)
def test_cause_and_cure_come_behind_wechats_own_words(
    errcode: int, language: Language, cause: str, cure: str
) -> None:
    answer = json.dumps({"errcode": errcode, "errmsg": "its words rid: 1-2"}).encode()
    errmsg = json.loads(explained(answer, load_errcodes().get(errcode), language))["errmsg"]
    theirs, _, ours = errmsg.partition(" | wxgate: ")
    assert theirs == "its words rid: 1-2"
    assert ours.partition(" → ")[0].startswith(cause)
    assert cure in ours.partition(" → ")[2]


def test_the_refused_address_is_in_the_cure() -> None:
    answer = b'{"errcode":40164,"errmsg":"invalid ip 198.51.100.7, not in whitelist rid: 1"}'
    errmsg = json.loads(in_english(answer, load_errcodes().get(40164)))["errmsg"]
    assert "198.51.100.7" in errmsg.partition(" → ")[2]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_known_of_any_errcode_is_valid_json(language: Language) -> None:
    for errcode in load_errcodes():
        told = json.loads(explained(b'{"errmsg":"x"}', errcode, language))["errmsg"]
        assert told.startswith("x | wxgate: ")
        assert " → " in told


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"errcode":48001,"errmsg":"no', b'"}'),
        (b' {\t"errmsg" :\r\n "\\u4e0d\\/ \\"a\\\\', b'" , "errcode" : 48001, "n": 1.50 }\n'),
        (b'\xef\xbb\xbf{"errcode":48001,"errmsg":"', b'","errmsg2":"errmsg"}'),
        (b'{"a":{"errmsg":"x"},"b":["errmsg",{"errmsg":"y"}],"errmsg":"z', b'","errcode":48001}'),
        (b'{"a":"\\"errmsg\\":\\"","b":"}{][","errmsg":"z', b'","errcode":48001}'),
        (b'{"errmsg":"\xe4\xb8\x8d\n\t', b'","errcode":48001}'),
    ],
)
def test_every_other_byte_stays(before: bytes, after: bytes) -> None:
    told = in_english(before + after)
    assert told.startswith(before + ADDED.encode())
    assert told.endswith(after)
    theirs, ours = (
        json.loads(text.decode("utf-8-sig"), strict=False) for text in (before + after, told)
    )
    assert ours.pop("errmsg").startswith(theirs.pop("errmsg") + ADDED)
    assert ours == theirs


@pytest.mark.parametrize(
    "answer",
    [
        b'{"errcode":48001}',
        b'{"errcode":48001,"errmsg":null}',
        b'{"errcode":48001,"errmsg":7}',
        b'{"errcode":48001,"errmsg":"a","errmsg":"b"}',
        b'{"errcode":48001,"result":{"errmsg":"x"},"list":["errmsg"]}',
    ],
)
def test_without_one_errmsg_it_stays_as_it_is(answer: bytes) -> None:
    assert in_english(answer) == answer
