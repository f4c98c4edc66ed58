import json
from typing import Any
from urllib.parse import quote, unquote_plus

from accounts.keys import shows_key
from accounts.official import OfficialAccount
from proxy.answer import NotJson, read_exactly
from proxy.auth import AppCredentials, KeyInUrl
from proxy.body import MemoryBody
from proxy.request import Query

# How a call that carries no token says who it is, in its query or at the top of its JSON.
_NAMES = ("appid", "secret", "appsecret")


def said_in(body: MemoryBody | None) -> dict[str, Any]:
    """The body's JSON object; empty for anything else."""
    if body is None:
        return {}
    try:
        return read_exactly(body.data)
    except NotJson:
        return {}


def credentials_of(query: Query, said: dict[str, Any]) -> AppCredentials:
    """What the call says in place of a token; empty texts where it says nothing."""
    texts = {name: said[name] for name in _named(said)}
    texts |= {name: value for name in _NAMES if (value := query.get(name))}
    return AppCredentials(texts.get("appid", ""), texts.get("secret") or texts.get("appsecret", ""))


def _named(said: dict[str, Any]) -> list[str]:
    return [name for name in _NAMES if isinstance(said.get(name), str)]


def real_query(query: Query, account: OfficialAccount) -> str:
    """The raw query with the real AppID and AppSecret wherever the caller's stood.

    Raises KeyInUrl if it holds a client key anywhere else.
    """
    there = {name for name, _value in query}
    real = {name: quote(value, safe="") for name, value in _real(account).items()}
    replaced = query.replace({name: real[name] for name in _NAMES if name in there})
    if shows_key(unquote_plus(replaced)):
        raise KeyInUrl
    return replaced


def real_body(
    body: MemoryBody | None, said: dict[str, Any], account: OfficialAccount
) -> MemoryBody | None:
    """The body with the real AppID and AppSecret; the very same if `said` names neither.

    Raises KeyInUrl if it holds a client key anywhere else.
    """
    if body is None:
        return None
    if named := _named(said):
        real = _real(account)
        # Not orjson: it knows neither large numbers nor every text that WeChat takes.
        text = json.dumps({**said, **{name: real[name] for name in named}})
        body = MemoryBody(text.encode("ascii"))
    if shows_key(unquote_plus(body.data.decode("latin-1"))):
        raise KeyInUrl
    return body


def _real(account: OfficialAccount) -> dict[str, str]:
    secret = account.app_secret.get_secret_value()
    return {"appid": account.app_id, "secret": secret, "appsecret": secret}
