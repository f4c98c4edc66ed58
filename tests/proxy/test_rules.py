from typing import Any

import pytest
from pydantic import ValidationError

from proxy.routing import NeedsGet, NeedsPost, PathInvalid, PathUnknown, RelaySettings, Router
from proxy.rules import PathDenied, RelayRule
from wechat.catalogue import load_catalogue

CATALOGUE = load_catalogue()
ADD, COUNT, SUBMIT = "/cgi-bin/draft/add", "/cgi-bin/draft/count", "/cgi-bin/freepublish/submit"


def router(*rules: dict[str, Any], unknown_paths: str = "refuse") -> Router:
    settings = {"rules": rules, "unknown_paths": unknown_paths}
    return Router(RelaySettings.model_validate(settings), CATALOGUE)


def test_the_first_rule_that_fits_counts() -> None:
    found = router(
        {"path": COUNT, "action": "allow"},
        {"path": "/cgi-bin/draft/*", "action": "deny"},
    )
    assert found.find(COUNT.encode(), "GET").path == COUNT
    for prefix in ("", "/wx"):
        with pytest.raises(PathDenied):
            found.find(f"{prefix}{ADD}".encode(), "POST")
    assert found.find(SUBMIT.encode(), "POST").path == SUBMIT


def test_a_rule_for_a_method_leaves_the_others_alone() -> None:
    found = router({"path": ADD, "methods": ["GET"], "action": "deny"})
    assert found.find(ADD.encode(), "POST").path == ADD
    with pytest.raises(PathDenied):
        found.find(ADD.encode(), "GET")


def test_an_alias_goes_elsewhere_with_the_scope_of_where_it_goes() -> None:
    found = router({"path": "/publish/now", "action": "alias", "to": SUBMIT})
    for prefix in ("", "/wx", "/api-weixin"):
        route = found.find(f"{prefix}/publish/now".encode(), "POST")
        assert (route.path, route.write) == (SUBMIT, True)
        assert route.endpoint is not None
        assert route.endpoint.scope == "publish"
    with pytest.raises(NeedsPost):
        found.find(b"/publish/now", "GET")
    with pytest.raises(PathUnknown):
        found.find(b"/publish/later", "POST")
    with pytest.raises(PathInvalid):
        found.find(b"/publish/%6eow", "POST")


def test_what_is_denied_is_denied_in_every_spelling() -> None:
    found = router({"path": "/cgi-bin/new/Thing", "action": "deny"}, unknown_paths="forward")
    for spelling in (b"/cgi-bin/new/Thing", b"/wx/cgi-bin/new/thing", b"/cgi-bin/NEW/Thing/"):
        with pytest.raises(PathDenied):
            found.find(spelling, "GET")
    assert found.find(b"/cgi-bin/new/things", "GET").path == "/cgi-bin/new/things"


def test_an_allowed_path_goes_through_and_counts_as_a_write() -> None:
    found = router({"path": "/cgi-bin/new/*", "action": "allow"})
    route = found.find(b"/wx/cgi-bin/new/thing", "PUT")
    assert (route.path, route.endpoint, route.write) == ("/cgi-bin/new/thing", None, True)
    with pytest.raises(PathUnknown):
        found.find(b"/cgi-bin/other", "GET")
    everything = router({"path": "/*", "action": "allow"})
    for spelling in (b"/cgi-bin/Draft/add", b"/cgi-bin/draft/add/"):
        with pytest.raises(PathUnknown):
            everything.find(spelling, "POST")
    with pytest.raises(PathUnknown):
        everything.find(b"/other/path", "GET")


def test_a_rule_for_some_clients_waits_until_the_caller_is_known() -> None:
    found = router(
        {"path": ADD, "clients": ["blog"], "action": "deny"},
        {"path": ADD, "clients": ["blog", "bot"], "action": "alias", "to": SUBMIT},
    )
    route = found.find(ADD.encode(), "POST")
    assert route.of("other").path == ADD
    assert route.of("bot").path == SUBMIT
    with pytest.raises(PathDenied):
        route.of("blog")


def test_what_is_denied_to_all_may_be_allowed_to_one() -> None:
    found = router(
        {"path": "/cgi-bin/new", "clients": ["bot"], "action": "allow"},
        {"path": COUNT, "clients": ["bot"], "action": "allow"},
        {"path": COUNT, "action": "deny"},
    )
    new = found.find(b"/cgi-bin/new", "GET")
    assert new.of("bot").path == "/cgi-bin/new"
    with pytest.raises(PathUnknown):
        new.of("other")
    count = found.find(COUNT.encode(), "GET")
    assert count.of("bot").endpoint is CATALOGUE.find(COUNT)
    with pytest.raises(PathDenied):
        count.of("other")


def test_a_wrong_verb_is_told_to_those_whom_it_concerns() -> None:
    found = router({"path": ADD, "clients": ["bot"], "action": "alias", "to": COUNT})
    route = found.find(ADD.encode(), "POST")
    assert route.of("other").path == ADD
    with pytest.raises(NeedsGet):
        route.of("bot")
    other = found.find(ADD.encode(), "GET")
    assert other.of("bot").path == COUNT
    with pytest.raises(NeedsPost):
        other.of("other")


def test_paths_without_a_rule_are_found_as_ever() -> None:
    plain, ruled = router(), router({"path": COUNT, "action": "deny"})
    assert ruled._routes.keys() == plain._routes.keys() - {
        prefix + COUNT.encode() for prefix in (b"", b"/wx", b"/wechat", b"/api", b"/api-weixin")
    }


@pytest.mark.parametrize(
    "rule",
    [
        {"path": "cgi-bin/x", "action": "deny"}, {"path": "/a b", "action": "deny"},
        {"path": "/v1/jobs", "action": "deny"}, {"path": "/cgi*/x", "action": "allow"},
        {"path": "/x", "action": "alias"}, {"path": "/x", "action": "alias", "to": "/nowhere"},
        {"path": "/x", "action": "deny", "to": COUNT}, {"path": "/x", "action": "drop"},
        {"path": "/x", "action": "deny", "methods": ["get"]},
        {"path": "/x", "action": "alias", "to": "/cgi-bin/token", "clients": ["blog"]},
        {"path": "/sns/*", "action": "alias", "to": COUNT, "clients": ["blog"]},
    ],
)  # fmt: skip
def test_a_rule_that_means_nothing_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RelayRule.model_validate(rule)


def test_a_rule_says_itself_in_a_few_words() -> None:
    rule = {"path": ADD, "methods": ["POST"], "clients": ["a", "b"], "action": "alias", "to": COUNT}
    assert RelayRule.model_validate(rule).told == f"alias → {COUNT} POST (a, b)"
