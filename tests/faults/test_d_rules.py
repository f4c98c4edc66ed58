"""`[[relay.rules]]` on the wire: nothing that is denied reaches WeChat."""

from typing import Any

from tests.e2e.conftest import KEY
from tests.faults.doors import each_door
from tests.faults.wire import ADD, COUNT, ask, get, post, upstream

SUBMIT = "/cgi-bin/freepublish/submit"


@each_door
async def test_067_rules_deny_allow_and_send_elsewhere_by_path_method_and_client(
    open_stand: Any,
) -> None:
    reader = KEY.replace("blog", "read")
    clients = [
        {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["relay:read", "draft"]},
        {"id": "read", "key": reader, "accounts": ["main"], "scopes": ["relay:read"]},
    ]
    rules = [
        {"path": "/how/many", "action": "alias", "to": COUNT},
        {"path": "/submit/it", "action": "alias", "to": SUBMIT},
        {"path": COUNT, "clients": ["read"], "action": "deny"},
        {"path": "/cgi-bin/draft/batchget", "clients": ["read"], "action": "alias", "to": ADD},
        {"path": "/cgi-bin/draft/*", "methods": ["POST"], "clients": ["blog"], "action": "deny"},
    ]
    async with open_stand({"relay": {"rules": rules}, "clients": clients}) as stand:
        for path in ("/how/many", "/wx/how/many", COUNT):
            answer = await ask(stand, get(path))
            assert answer is not None, path
            assert answer.json == {"total_count": 0}, path
        refused: dict[str, tuple[str | bytes, str]] = {
            "denied by method and client": (post("{}"), "path_denied"),
            "denied for this client": (get().replace(KEY, reader), "path_denied"),
            "the scope of where an alias goes": (post("{}", path="/submit/it"), "scope_missing"),
            "an alias for this client alone": (
                post("{}", path="/cgi-bin/draft/batchget").replace(KEY.encode(), reader.encode()),
                "scope_missing",
            ),
        }
        for name, (request, code) in refused.items():
            is_readers = reader in (request if isinstance(request, str) else request.decode())
            answer = await ask(stand, request, reader if is_readers else KEY)
            assert answer is not None, name
            assert (answer.status, answer.code, answer.json["errcode"]) == (403, code, 48001), name
        assert {seen.path for seen in upstream(stand)} == {COUNT}
