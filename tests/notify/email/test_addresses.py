import time

import pytest

from notify.email.addresses import BadAddress, checked_address, parse_address


@pytest.mark.parametrize(
    ("text", "wire", "utf8"),
    [
        ("ops@example.com", "ops@example.com", False),
        ("First.Last+tag@EXAMPLE.com", "First.Last+tag@example.com", False),
        ("root@localhost", "root@localhost", False),
        ("ops@例子.中国", "ops@xn--fsqu00a.xn--fiqs8s", False),
        ("ops@例子。中国", "ops@xn--fsqu00a.xn--fiqs8s", False),
        ("小王@例子.中国", "小王@xn--fsqu00a.xn--fiqs8s", True),
        ("o'neil/x@example.com", "o'neil/x@example.com", False),
    ],
)
def test_an_address_is_written_as_the_wire_wants_it(text: str, wire: str, *, utf8: bool) -> None:
    found = parse_address(text)
    assert (str(found), found.needs_utf8) == (wire, utf8)


@pytest.mark.parametrize(
    "text",
    [
        *("", "@", "a@", "@b", "a", "a@b@c", "a..b@c.d", ".a@c.d", "a.@c.d", "a@c..d", "a@-c.d"),
        *("a@b.c, d@e.f", "a@b.c;d@e.f", "Name <a@b.c>", "<a@b.c>", '"a b"@c.d', "a b@c.d"),
        *("a@b.c\r\nBcc: x@y.z", "a\r\n@b.c", "a\x00@b.c", "a@[127.0.0.1]", "a(b)@c.d"),
        *("a\u202e@b.c", "a\u2028@b.c", "\ud800@b.c", "a@b_c.d"),
        *("x" * 65 + "@b.c", "a@" + "b" * 64 + ".c", "a@" + "b." * 130 + "c"),
    ],
)
def test_what_could_be_read_as_something_else_is_no_address(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_address(text)


def test_settings_are_told_what_an_address_looks_like() -> None:
    with pytest.raises(BadAddress, match=r"ops@example\.com"):
        checked_address("nobody")


def test_a_hostile_address_takes_no_time() -> None:
    began = time.process_time()
    for text in ("a" * 250 + "@", "a." * 120 + "@b", "a@" + "b-" * 120, "a@" + "界" * 120):
        with pytest.raises(BadAddress):
            parse_address(text)
    assert time.process_time() - began < 1
