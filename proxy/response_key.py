import hashlib
import json
from collections.abc import Iterable, Iterator
from operator import itemgetter
from urllib.parse import unquote_plus

from cache.responses import Place
from proxy.answer import NotJson, read_exactly
from proxy.body import MemoryBody
from proxy.call import RelayedCall
from proxy.invalidation import family_of

_MAX_BODY_BYTES = 65_536
# Of calls that carry our token: whatever the caller sent under these names is replaced or dropped.
_REPLACED = frozenset({"access_token", "secret", "appsecret"})
_SIGNED = "wechatmp-"  # answers to bodies that the caller encrypted are for that body alone


def place_of(call: RelayedCall, rights: Iterable[str]) -> Place | None:
    """Where the answer to `call` is kept; None if it may not be.

    Answers are shared by callers of equal `rights` on the same account, nobody else.
    """
    endpoint = call.route.endpoint
    if endpoint is None or endpoint.write or not endpoint.cacheable_s:
        return None
    if any(name.startswith(_SIGNED) for name in call.headers):
        return None
    body = b""
    if call.body is not None:
        if not isinstance(call.body, MemoryBody) or call.body.size > _MAX_BODY_BYTES:
            return None
        body = _canonical(call.body.data)
    ignored = _REPLACED if endpoint.auth == "access_token" else frozenset()
    # By name alone: which of two with one name counts is WeChat's affair.
    query = sorted(_pairs(call.query.replace({}, without=ignored)), key=itemgetter(0))
    depends = json.dumps(
        [endpoint.path, endpoint.method, query, body.decode("latin-1"), sorted(rights)]
    )
    digest = hashlib.sha256(f"{call.account.app_id} {depends}".encode()).hexdigest()
    return Place(call.account.app_id, family_of(endpoint), digest)


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    """Decoded, so that no two byte sequences share a text."""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        yield _decoded(name), _decoded(value)


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="surrogateescape")


def _canonical(body: bytes) -> bytes:
    """One text for all spellings of a JSON object; other bodies stand for themselves.

    Strict, so that no two bodies that WeChat could read differently share a text.
    """
    try:
        return b"j" + json.dumps(read_exactly(body), sort_keys=True).encode()
    except NotJson:
        return b"b" + body
