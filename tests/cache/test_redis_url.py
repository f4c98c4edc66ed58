import pytest

from cache.redis_url import parse_redis_url


def test_sentinels_are_named_with_their_master_and_the_servers_password() -> None:
    url = parse_redis_url("redis+sentinel://me:p%40%2Fw@one:1,two,[::1]:3/my%20master/5")
    assert (url.kind, url.service) == ("sentinel", "my master")
    assert url.hosts == (("one", 1), ("two", 26379), ("::1", 3))
    assert url.options == {"username": "me", "password": "p@/w", "db": 5}
    assert "p@/w" not in repr(url)


def test_a_cluster_is_named_by_nodes_to_begin_with() -> None:
    url = parse_redis_url("redis+cluster://:pw@one,two:7000/0")
    assert (url.kind, url.hosts) == ("cluster", (("one", 6379), ("two", 7000)))
    assert url.options == {"password": "pw"}


@pytest.mark.parametrize("kind", ["sentinel", "cluster"])
def test_tls_and_the_options_of_redis_py_go_to_every_server(kind: str) -> None:
    path = "/mymaster" if kind == "sentinel" else ""
    url = parse_redis_url(f"rediss+{kind}://one{path}?ssl_cert_reqs=none&client_name=gate")
    assert url.options["connection_class"].__name__ == "SSLConnection"
    assert url.options["ssl_cert_reqs"] == "none"
    assert url.options["client_name"] == "gate"


def test_one_server_is_as_redis_py_reads_it() -> None:
    url = parse_redis_url("redis://:pw@one:1/3")
    assert (url.kind, url.hosts) == ("single", ())
    assert url.options == {"password": "pw", "host": "one", "port": 1, "db": 3}


@pytest.mark.parametrize(
    "text",
    [
        "redis+sentinel://one:26379",  # which master?
        "redis+sentinel://one:26379/",
        "redis+sentinel://one,,two/mymaster",
        "redis+sentinel:///mymaster",
        "redis+sentinel://one:99999/mymaster",
        "redis+sentinel://one/mymaster/x",
        "redis+cluster://one:6379/1",
        "redis+cluster://one?db=1",
        "redis+cluster://",
        "redis+cluster://pw@x@y@",
        "redis+other://one",
        "http+cluster://one",
        "redis+cluster://[::1",
    ],
)
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_redis_url(text)
