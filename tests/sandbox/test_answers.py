import json
import re

from sandbox.answers import Refused, json_answer, ok, refusal


def test_refusals_end_with_a_request_id() -> None:
    answer = refusal(Refused(40007), 1_800_000_000.5)
    data = json.loads(answer.body)
    assert answer.status == 200
    assert answer.content_type == "application/json; encoding=utf-8"
    assert data.keys() == {"errcode", "errmsg"}
    assert data["errcode"] == 40007
    rid = f"{1_800_000_000:08x}-[0-9a-f]{{8}}-[0-9a-f]{{8}}"
    assert re.fullmatch(f"invalid media_id rid: {rid}", data["errmsg"])
    assert data["errmsg"].endswith(answer.rid)


def test_messages_are_wechats_without_our_explanations() -> None:
    assert Refused(45003).errmsg == "title size out of limit"
    assert Refused(48001).errmsg == "api unauthorized"
    assert Refused(43002).errmsg == "require POST method"
    assert Refused(40164, "invalid ip 1.2.3.4").errmsg == "invalid ip 1.2.3.4"


def test_answers_are_raw_utf8() -> None:
    assert json_answer({"title": "你好"}).body == '{"title":"你好"}'.encode()


def test_commands_answer_errcode_0() -> None:
    assert ok(publish_id="1").body == b'{"errcode":0,"errmsg":"ok","publish_id":"1"}'
