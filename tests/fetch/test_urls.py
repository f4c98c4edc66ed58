import pytest

from fetch.errors import UrlForbidden, UrlInvalid
from fetch.urls import parse_url, shown

PORTS = (80, 443)
INVALID = [
    *("", "x", "ftp://a.com/", "file:///etc/passwd", "gopher://a.com", "jar:http://a.com!/"),
    *("data:image/png;base64,AA", "http:/a.com", "http:a.com", "http:///a", "//a.com/x"),
    # numbers that a resolver would read as loopback
    *("http://0/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/"),
    *("http://0177.0.0.1/", "http://017700000001/", "http://1.2.3.0x4/", "http://127.0.0.01/"),
    *("http://256.1.1.1/", "http://1.2.3.4.5/", "http://a.0x/"),
    # letters that turn into those numbers
    *("http://①②⑦.⓪.⓪.①/", "http://１２７.0.0.1/", "http://ⓛⓞⓒalhost/", "http://a\u200b.com/"),
    # user info, backslashes, zones, versions
    *("http://u:p@a.com/", "http://mmbiz.qpic.cn@127.0.0.1/", "http://8.8.8.8\\@127.0.0.1/"),
    *("http://[fe80::1%25eth0]/", "http://[::1%lo]/", "http://[v1.fe80::a]/", "http://[::1"),
    # ports
    *("http://a.com:８０/", "http://a.com:80:80/", "http://a.com:+80/", "http://a.com: 80/"),
    # what must not be in a request line
    *("http://a.com/\r\nX: y", "http://a.com/a b", "http://a.com/\t", "http://a.com/\x00"),
    # names that are none
    *(
        "http://a.com./",
        "http://-a.com/",
        "http://a..com/",
        f"http://{'a' * 64}.com/",
        "http://a!/",
    ),
    *(f"http://{'a.' * 150}com/", "http://xn--\u00e9/", "http://" + "a" * 9_000),
]


@pytest.mark.parametrize("url", INVALID)
def test_a_url_that_parsers_may_read_differently_is_refused(url: str) -> None:
    with pytest.raises(UrlInvalid):
        parse_url(url, PORTS)


@pytest.mark.parametrize("port", ["0", "22", "25", "6379", "8080", "65535", "65536", "99999"])
def test_other_ports_are_refused(port: str) -> None:
    with pytest.raises(UrlForbidden):
        parse_url(f"http://a.com:{port}/", PORTS)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("http://a.com", "http://a.com/"),
        ("HTTP://A.Com:80?x=1#frag", "http://a.com/?x=1"),
        ("https://a_b.com:443/图?q=é", "https://a_b.com/图?q=é"),
        ("http://例子.中国/a.png", "http://xn--fsqu00a.xn--fiqs8s/a.png"),
        ("http://1.2.3.4/x", "http://1.2.3.4/x"),
        ("http://[2606:4700:0:0::1]/x", "http://[2606:4700::1]/x"),
        ("http://127。0。0。1/", "http://127.0.0.1/"),  # judged as what it is, by its address
    ],
)
def test_a_plain_url_has_one_canonical_form(url: str, canonical: str) -> None:
    assert parse_url(url, PORTS).url == canonical


def test_messages_show_no_query_no_credentials_and_nothing_endless() -> None:
    assert shown("https://u:p@a.com/x.png?token=SECRET#f") == "https://a.com/x.png"
    assert shown("http://a.com/\n\x1b[31m") == "http://a.com/??[31m"
    assert len(shown("http://a.com/" + "x" * 9_000)) == 121


@pytest.mark.parametrize("host", ["xn--a", "a.xn--a", "xn--", "XN--A", "xn--\u00e9", "xn--zzzzzz"])
def test_a_punycode_name_that_means_nothing_is_invalid(host: str) -> None:
    with pytest.raises(UrlInvalid):
        parse_url(f"http://{host}/x.png", (80,))


def test_a_punycode_name_passes() -> None:
    assert parse_url("http://xn--fsqu00a.com/", (80,)).host == "xn--fsqu00a.com"
