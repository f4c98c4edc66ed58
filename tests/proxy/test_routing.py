import pytest
from pydantic import ValidationError

from proxy.routing import (
    NeedsGet,
    NeedsPost,
    PathInvalid,
    PathUnknown,
    RelaySettings,
    Router,
    WrongVerb,
)
from wechat.catalogue import load_catalogue

CATALOGUE = load_catalogue()


@pytest.fixture
def router() -> Router:
    return Router(RelaySettings(), CATALOGUE)


def test_every_path_of_the_catalogue_is_found_at_the_root_and_under_each_prefix(
    router: Router,
) -> None:
    for endpoint in CATALOGUE:
        for prefix in ("", "/wx", "/wechat", "/api", "/api-weixin"):
            route = router.find((prefix + endpoint.path).encode(), endpoint.method)
            assert route.path == endpoint.path
            assert route.endpoint is endpoint
            assert route.write is endpoint.write


@pytest.mark.parametrize(
    "path",
    [
        "/cgi-bin/../datacube/getusersummary", "/cgi-bin/./draft/add", "//cgi-bin/draft/add",
        "/cgi-bin//draft/add", "/cgi-bin/%2e%2e/draft/add", "/cgi-bin%2fdraft%2fadd",
        "/cgi-bin/draft%252fadd", "/cgi-bin/draft/add%00", "/cgi-bin/draft/add%ff",
        "/cgi-bin/..;/draft/add", "/cgi-bin/draft;x=1/add", "/cgi-bin\\draft\\add",
        "/cgi-bin/%5c../draft", "/cgi-bin/draft/add.", "/cgi-bin/draft/add/..", "/wx/../cgi-bin/token",
        "cgi-bin/draft/add", "", "/cgi-bin/draft/add ", "/cgi-bin/draft/add\n", "/cgi-bin/dräft/add",
    ],
)  # fmt: skip
@pytest.mark.parametrize("unknown_paths", ["refuse", "forward"])
def test_a_path_that_can_be_read_in_two_ways_is_refused(path: str, unknown_paths: str) -> None:
    settings = RelaySettings.model_validate({"unknown_paths": unknown_paths})
    with pytest.raises(PathInvalid):
        Router(settings, CATALOGUE).find(path.encode("latin-1"), "POST")


@pytest.mark.parametrize("path", ["/cgi-bin/new/thing", "/favicon.ico", "/cgi-bin/token/", "/wx"])
def test_a_path_outside_the_catalogue_is_refused(router: Router, path: str) -> None:
    with pytest.raises(PathUnknown):
        router.find(path.encode(), "GET")


@pytest.mark.parametrize("path", ["/cgi-bin/new/thing", "/wx/cgi-bin/new/thing"])
def test_an_unknown_path_goes_on_where_that_is_wanted_and_counts_as_a_write(path: str) -> None:
    router = Router(RelaySettings(unknown_paths="forward"), CATALOGUE)
    route = router.find(path.encode(), "PUT")
    assert (route.path, route.endpoint, route.write) == ("/cgi-bin/new/thing", None, True)


@pytest.mark.parametrize(
    "path",
    ["/admin/users", "/wx", "/wx/", "/api", "/api-weixinX/cgi-bin/new", "/apicgi-bin/new/thing"],
)
def test_only_wechats_first_segments_are_ever_forwarded(path: str) -> None:
    router = Router(RelaySettings(unknown_paths="forward"), CATALOGUE)
    with pytest.raises(PathUnknown):
        router.find(path.encode(), "GET")


def test_a_prefix_that_begins_like_another_never_leaves_a_piece_of_itself_in_the_path() -> None:
    for prefixes in (("/api", "/api-weixin"), ("/api-weixin", "/api")):
        router = Router(RelaySettings(unknown_paths="forward", prefixes=prefixes), CATALOGUE)
        assert router.find(b"/api-weixin/cgi-bin/new", "GET").path == "/cgi-bin/new"
    router = Router(RelaySettings(unknown_paths="forward", prefixes=("/api",)), CATALOGUE)
    with pytest.raises(PathUnknown):
        router.find(b"/api-weixin/cgi-bin/new", "GET")


def test_of_nested_prefixes_the_longest_counts() -> None:
    router = Router(RelaySettings(unknown_paths="forward", prefixes=("/x", "/x/sns")), CATALOGUE)
    assert router.find(b"/x/sns/cgi-bin/new", "GET").path == "/cgi-bin/new"


@pytest.mark.parametrize(
    "path",
    ["/cgi-bin/freepublish/submit/", "/cgi-bin/draft/ADD", "/wx/CGI-BIN/draft/add",
     "/wx/cgi-bin/Draft/Add/"],
)  # fmt: skip
def test_another_spelling_of_a_known_path_is_not_forwarded_as_an_unknown_one(path: str) -> None:
    router = Router(RelaySettings(unknown_paths="forward"), CATALOGUE)
    with pytest.raises(PathUnknown):
        router.find(path.encode(), "POST")


@pytest.mark.parametrize(
    ("path", "method", "refusal", "errcode"),
    [
        ("/cgi-bin/token", "POST", NeedsGet, 43001),
        ("/cgi-bin/draft/add", "GET", NeedsPost, 43002),
        ("/cgi-bin/draft/count", "HEAD", NeedsGet, 43001),
        ("/cgi-bin/draft/add", "post", NeedsPost, 43002),
    ],
)
def test_the_other_verb_is_refused_in_wechats_way(
    router: Router, path: str, method: str, refusal: type[WrongVerb], errcode: int
) -> None:
    with pytest.raises(refusal) as caught:
        router.find(path.encode(), method)
    assert caught.value.errcode == errcode


@pytest.mark.parametrize("prefix", ["wx", "/wx/", "/", "/a b", "/../x"])
def test_a_prefix_that_is_no_path_is_refused(prefix: str) -> None:
    with pytest.raises(ValidationError, match=r"relay\.prefixes"):
        RelaySettings(prefixes=(prefix,))


@pytest.mark.parametrize(
    "prefix", ["/v1", "/v1/wx", "/health", "/docs", "/metrics", "/openapi.json", "/console"]
)
def test_a_prefix_that_would_hide_our_own_api_is_refused(prefix: str) -> None:
    with pytest.raises(ValidationError, match=r"relay\.prefixes"):
        RelaySettings(prefixes=(prefix,))


@pytest.mark.parametrize("origin", ["*", "null", "https://md.example.com/", "md.example.com"])
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="cors_origins"):
        RelaySettings(cors_origins=(origin,))


def test_origins_of_extensions_and_of_this_machine_are_taken() -> None:
    origins = ("chrome-extension://abcdefghijklmnop", "http://[::1]:9000", "http://localhost:5173")
    assert RelaySettings(cors_origins=origins).cors_origins == origins
