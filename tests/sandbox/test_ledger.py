from pathlib import Path

from sandbox.ledger import Calls, Ledger, SeenCall
from sandbox.store import open_database


def seen(path: str, account: str = "wx1") -> SeenCall:
    return SeenCall(
        at=1,
        method="GET",
        path=path,
        query="",
        account=account,
        status=200,
        errcode=0,
        rid="",
        content_type="",
        length=0,
        client_ip="127.0.0.1",
    )


def test_entries_keep_their_order_over_a_restart(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    ledger = Ledger(database, lambda: 5.5)
    ledger.commit("draft", "wx1", titles=["甲"])
    ledger.commit("publication", "wx2", publish_id="1")
    database.close()
    database = open_database(tmp_path)
    ledger = Ledger(database, lambda: 6.5)
    ledger.commit("draft", "wx2", titles=["乙"])
    assert [(e.seq, e.at, e.kind, e.account) for e in ledger.entries()] == [
        (1, 5.5, "draft", "wx1"),
        (2, 5.5, "publication", "wx2"),
        (3, 6.5, "draft", "wx2"),
    ]
    assert [e.data for e in ledger.entries("draft")] == [{"titles": ["甲"]}, {"titles": ["乙"]}]
    assert [e.seq for e in ledger.entries(account="wx2")] == [2, 3]
    ledger.clear()
    assert ledger.entries() == []
    assert Ledger(database, lambda: 0).entries() == []
    database.close()


def test_calls_are_counted_even_when_no_longer_kept() -> None:
    calls = Calls()
    for _ in range(10_001):
        calls.record(seen("/a"))
    calls.record(seen("/b", "wx2"))
    assert (calls.count(), calls.count("/a"), calls.count(account="wx2")) == (10_002, 10_001, 1)
    assert len(calls.of("/a")) == 9_999
    assert calls.by_account() == {"/a": {"wx1": 10_001}, "/b": {"wx2": 1}}
    assert calls.by_account("/b") == {"/b": {"wx2": 1}}
    calls.clear()
    assert (calls.count(), calls.of("/b")) == (0, [])
