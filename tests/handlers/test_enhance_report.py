from types import SimpleNamespace
from typing import cast

from content.relayed.notes import Cared, Note
from core.errors import Text
from handlers.enhance_report import entry_of, headers_of
from proxy.auth import Caller
from proxy.request import Inbound, Query
from tests.gateway import CLIENTS, MAIN

ADD = "/cgi-bin/draft/add"
LONG = Text("标题太长", "the title is too long")
FOUND = (
    Note("image_failed", "warning", LONG, "articles[0].images[0]"),
    Note("draft_title_too_long", "error", LONG, "articles[0].title", Text("改短", "cut it")),
    Note("image_failed", "warning", LONG, "articles[0].images[1]"),
)


def said(*notes: Note, lint: bool = True) -> str:
    headers = headers_of(Cared(b"", notes=notes), lint=lint)
    return dict(headers).get(b"x-wxgate-lint", b"").decode("ascii")


def test_findings_are_told_with_their_places_the_worst_first() -> None:
    assert said(*FOUND) == (
        '3;errors=1;warnings=2;rules="draft_title_too_long:1 image_failed:2"'
        ';at="draft_title_too_long@articles[0].title image_failed@articles[0].images[0]'
        ' image_failed@articles[0].images[1]"'
    )


def test_who_asks_hears_of_a_draft_without_faults() -> None:
    assert said() == "0;errors=0;warnings=0"
    assert said(lint=False) == ""
    assert said(*FOUND, lint=False) == said(*FOUND)


def test_the_header_stays_short_and_plain_whatever_was_found() -> None:
    places = ["x" * 79, '"; rules="', "文章", "a b", "\r\nX: y", None, "x" * 1000]
    notes = [Note(f"rule_{n}", "warning", LONG, places[n % 7]) for n in range(500)]
    header = said(*notes)
    assert header.startswith("500;errors=0;warnings=500;")
    assert header.count('"') == 4
    assert header.isprintable()
    found = [each.split("@") for each in header.partition('at="')[2][:-1].split()]
    assert len(found) == 20
    assert {place for _, place in found} == {"x" * 79, "-"}
    assert len(header) < 4_000


def test_the_log_has_what_was_wrong_and_what_to_do() -> None:
    request = Inbound("POST", ADD.encode(), Query(b""), {}, "192.0.2.1")
    caller = cast("Caller", SimpleNamespace(client=CLIENTS[0], account=MAIN))
    entry = entry_of(Cared(b"", 2, 2, 1, FOUND), request, "req_1", caller, ADD)
    assert (entry.actor, entry.action, entry.subject) == ("client:blog", "relay.enhance", ADD)
    assert (entry.account, entry.request_id, entry.ip) == ("main", "req_1", "192.0.2.1")
    findings = cast("list[str]", entry.detail["findings"])
    assert {**entry.detail, "findings": findings[0]} == {
        "images": 2,
        "failed": 2,
        "unwrapped": 1,
        "found": 3,
        "findings": "error draft_title_too_long articles[0].title: 标题太长 /"
        " the title is too long → 改短 / cut it",
    }
