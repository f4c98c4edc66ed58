import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.relayed.draft import Plan, with_pictures
from content.relayed.scan import scan_draft

A, B = "https://a.invalid/1.png", "https://a.invalid/2.png"
THERE = "https://mmbiz.qpic.cn/x/0?wx_fmt=png&from=appmsg"


def planned(body: bytes) -> Plan:
    found, _ = scan_draft({"images": True, "max_images": 100}, body)
    return Plan.of(found)


@pytest.mark.parametrize("escaped", [True, False])
def test_only_the_addresses_change_and_every_other_byte_stays(escaped: bool) -> None:  # noqa: FBT001
    content = f'你好😀\n\t"quoted" \\ <img src=\'{A}\'>末<img src="{B}">'
    draft = {"zz": 1.50, "articles": [{"title": "题", "content": content, "aa": None}], "b": 1e3}
    body = json.dumps(draft, ensure_ascii=escaped, indent=3).replace("/", "\\/").encode()
    plan = planned(body)
    changed = with_pictures(body, plan, [THERE, None])
    before, after = body.split(A.replace("/", "\\/").encode())
    assert changed == before + THERE.replace("&", "&amp;").encode() + after


def test_a_media_id_is_written_without_html() -> None:
    body = json.dumps({"articles": {"thumb_media_id": A}}).encode()
    changed = with_pictures(body, planned(body), ["https://x.invalid/?a=1&b=2"])
    assert json.loads(changed) == {"articles": {"thumb_media_id": "https://x.invalid/?a=1&b=2"}}


def test_a_draft_that_needs_nothing_is_the_same_object() -> None:
    body = json.dumps({"articles": [{"content": "x"}]}).encode()
    assert with_pictures(body, planned(body), []) is body


def test_an_answer_of_wechat_cannot_break_out_of_its_string() -> None:
    body = json.dumps({"articles": [{"content": f'<img src="{A}">'}]}).encode()
    bad = 'https://x.invalid/"><script>\\'
    (article,) = json.loads(with_pictures(body, planned(body), [bad]))["articles"]
    assert article["content"].count('"') == 2
    assert "<script>" not in article["content"]


def test_a_data_uri_is_read_from_the_body() -> None:
    uri = "data:image/png;base64," + "A" * 40
    body = json.dumps({"articles": [{"content": f'一<img src="{uri}">'}]}).encode()
    (picture,) = planned(body).pictures
    assert (picture.src, picture.source(body)) == (None, uri)


_PIECES = st.sampled_from(
    [f'<img src="{A}">', f"<IMG SRC='{B}'>", "<p>", '"', "\\", "一", "😀", "&"]
)
_HTML = st.lists(_PIECES | st.text(max_size=4), max_size=12).map("".join)


@given(_HTML, st.booleans())
def test_the_json_stays_json_with_the_same_rest(html: str, escaped: bool) -> None:  # noqa: FBT001
    draft: dict[str, Any] = {"articles": [{"content": html, "title": html}]}
    body = json.dumps(draft, ensure_ascii=escaped).encode(errors="replace")
    plan = planned(body)
    changed = json.loads(with_pictures(body, plan, [THERE] * len(plan.pictures)))
    assert changed["articles"][0]["title"] == json.loads(body)["articles"][0]["title"]
    assert changed.keys() == draft.keys()
