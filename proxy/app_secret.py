from typing import Any
from urllib.parse import quote

import orjson

from accounts.official import OfficialAccount
from proxy.answer import NotJson, read_object
from proxy.auth import AppCredentials
from proxy.body import MemoryBody, StoredBody
from proxy.request import Query

# How a call that carries no token says who it is, in its query or at the top of its JSON.
_NAMES = ("appid", "secret", "appsecret")


def credentials_of(query: Query, body: StoredBody | None) -> AppCredentials:
    """What the call says in place of a token; empty texts where it says nothing."""
    said = {**_in_json(body), **{name: query.get(name) for name in _NAMES if query.get(name)}}
    return AppCredentials(said.get("appid", ""), said.get("secret") or said.get("appsecret", ""))


def _in_json(body: StoredBody | None) -> dict[str, str]:
    found = {name: _object(body).get(name) for name in _NAMES}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _object(body: StoredBody | None) -> dict[str, Any]:
    if not isinstance(body, MemoryBody):
        return {}
    try:
        return read_object(body.data)
    except NotJson:
        return {}


def real_query(query: Query, account: OfficialAccount) -> str:
    """The raw query with the real AppID and AppSecret wherever the caller's stood."""
    real = {name: quote(value, safe="") for name, value in _real(account).items()}
    return query.replace({name: real[name] for name in _NAMES if query.get(name)})


def real_body(body: StoredBody | None, account: OfficialAccount) -> StoredBody | None:
    """The body with the real AppID and AppSecret; the very same if it names neither."""
    said = _in_json(body)
    if not said:
        return body
    real = _real(account)
    return MemoryBody(orjson.dumps({**_object(body), **{name: real[name] for name in said}}))


def _real(account: OfficialAccount) -> dict[str, str]:
    secret = account.app_secret.get_secret_value()
    return {"appid": account.app_id, "secret": secret, "appsecret": secret}
