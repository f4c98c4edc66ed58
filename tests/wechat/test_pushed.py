from typing import Any

import pytest

from wechat.freepublish import Publication
from wechat.push_body import PushUnreadable, read_push
from wechat.pushed import MASS_SENT, PUBLISHED, publication_of, pushed

_EVENT = {"ToUserName": "gh", "FromUserName": "o1", "CreateTime": "1", "MsgType": "event"}


def event(name: str, **values: Any) -> dict[str, Any]:
    return {**_EVENT, "Event": name, **values}


def test_a_message_is_known_by_its_msgid() -> None:
    first = pushed({**_EVENT, "MsgType": "text", "MsgId": 23}, sealed=True)
    again = pushed({**_EVENT, "MsgType": "text", "MsgId": "23", "CreateTime": "2"}, sealed=True)
    other = pushed({**_EVENT, "MsgType": "text", "MsgId": "24"}, sealed=True)
    assert (first.type, first.sealed) == ("text", True)
    assert first.key == again.key != other.key


def test_an_event_is_known_by_sender_time_and_name() -> None:
    base = event("CLICK", EventKey="menu")
    key = pushed(base, sealed=False).key
    assert pushed(dict(base), sealed=True).key == key
    changed = [{"FromUserName": "o2"}, {"CreateTime": "2"}, {"Event": "VIEW"}, {"EventKey": "x"}]
    keys = {pushed({**base, **change}, sealed=False).key for change in changed}
    assert len(keys | {key}) == 5


def test_two_publications_of_one_second_are_two_events() -> None:
    ends = [event(PUBLISHED, PublishEventInfo={"publish_id": each}) for each in ("1", "2")]
    first, second = (pushed(each, sealed=True) for each in ends)
    assert (first.subject, second.subject) == ("1", "2")
    assert first.key != second.key


def test_the_end_of_a_mass_sending_is_about_its_msgid() -> None:
    assert pushed(event(MASS_SENT, MsgID="1000001625"), sealed=True).subject == "1000001625"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"MsgType": ""},
        {"MsgType": "event"},
        {"MsgType": ["text"]},
        {"MsgType": "a b"},
        {"MsgType": "x" * 49},
        event("坏"),
    ],
)
def test_what_does_not_say_what_it_is_is_unreadable(body: dict[str, Any]) -> None:
    with pytest.raises(PushUnreadable):
        pushed(body, sealed=True)


def test_a_publication_that_is_done() -> None:
    xml = """<xml><PublishEventInfo><publish_id>2247503051</publish_id>
    <publish_status>0</publish_status><article_id><![CDATA[b5O2]]></article_id><article_detail>
    <count>1</count><item><idx>1</idx><article_url><![CDATA[http://a/1]]></article_url></item>
    </article_detail></PublishEventInfo></xml>"""
    assert publication_of(read_push(xml.encode())) == Publication(0, "b5O2", ("http://a/1",))


def test_its_addresses_stand_in_the_order_of_the_articles() -> None:
    items = [{"idx": "2", "article_url": "/2"}, {"idx": "1", "article_url": "/1"}]
    info = {"publish_status": 0, "article_id": "a", "article_detail": {"item": items}}
    assert publication_of({"PublishEventInfo": info}) == Publication(0, "a", ("/1", "/2"))


def test_a_publication_that_failed() -> None:
    info = {"publish_id": "1", "publish_status": "2", "fail_idx": ["1", "2"]}
    assert publication_of({"PublishEventInfo": info}) == Publication(2)


@pytest.mark.parametrize("info", [None, [], {}, {"publish_status": "x"}, {"publish_status": "²"}])
def test_an_event_that_does_not_say_how_it_ended(info: object) -> None:
    assert publication_of({"PublishEventInfo": info}) is None
