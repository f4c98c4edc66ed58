"""The one redactor: of log lines, exceptions, stored answers of WeChat's, reports and spans."""

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

MASK = "***"
# More of one text than this is never shown, so no more is looked through.
MAX_CHARS = 65_536
_MAX_DEPTH = 8
# Of each match one of these is a part: most values of a log line are spared the longer search.
_SUSPECT = re.compile("[=:%,]|-----|[A-Za-z0-9_-]{12}")
_MADE_BY_US = frozenset({"timestamp", "level", "request_id"})
# What is as short repeats: methods, paths, names. It is looked through once.
_SHORT = 48

_SECRET_NAMES = frozenset(
    {
        "access_token", "refresh_token", "component_access_token", "token", "secret", "appsecret",
        "app_secret", "client_secret", "authorization", "proxy-authorization", "x-api-key",
        "api_key", "key", "previous_key", "client_key", "master_key", "cookie", "set-cookie",
        "signature", "password", "ticket", "session_key", "js_code", "echostr", "callback_token",
        "encodingaeskey", "encoding_aes_key", "previous_callback_token",
        "previous_encoding_aes_key", "access_key_secret", "secret_key", "send_key", "device_key",
    }
)  # fmt: skip

# Each alternative is linear in the text: what repeats is bounded, or needs nothing after it.
_IN_TEXT = re.compile(
    r"""(?xi)
    (?P<name>                                   # name=value in URLs, forms, JSON, TOML, reprs
        (?:access_token | refresh_token | app_?secret | client_secret | secret | ticket | js_code
         | password | callback_token | encoding_?aes_?key | session_key
         | secret_key | send_key | device_key
         | (?<![a-z])token(?=[\\"'=%]))         # but not the word in prose
        [\\"']{0,4} \s{0,4} (?:= | : | %3d) \s{0,4} [\\"']{0,4}
    ) (?-i: [^&\s"',;}\\\u0080-\uffff])+       # prose after it stays; with i, U+017F means s too
    | (?P<header>                               # a header to its end, as text, pair or dict
        (?: (?:proxy-)?authorization | (?:set-)?cookie | x-api-key)
        [\\"']{0,4} \s{0,4} [=:,] \s{0,4} b?[\\"']{0,4}
    ) [^\r\n"']+
    | (?P<robot>                                # a chat robot: who has its address can send
        hooks\.slack\.com/services/ | /open-apis/bot/v2/hook/ | /cgi-bin/webhook/send\?key=
      ) [^\s"'<>&]+
    | (?P<scheme> (?:Bearer|Basic) [ ]) [A-Za-z0-9_-][A-Za-z0-9._~+/=-]{11,}
    | (?P<user> :// [^\s/:@]* :) [^\s/]+ (?=@)  # the password in a database's URL
    | -----BEGIN[ ][A-Z ]{0,40}PRIVATE[ ]KEY----- (?s: .*?) (?:-----END[ ][A-Z ]{0,40}----- | \Z)
    | (?<![a-z0-9]) (?:
        wxg[a-z]{0,3}_[a-z0-9_-]{12,}           # client keys, virtual and refresh tokens
        | eyJ[a-z0-9_-]{8,}\.[a-z0-9_-]+(?:\.[a-z0-9_-]*)?     # JWT
        | [0-9]{2,3}_[a-z0-9_-]{64,}            # WeChat's access_token
        | (?:[0-9a-f]{64} | [0-9a-f]{32})       # master key, AppSecret
        | sec[0-9a-f]{64}                       # of DingTalk
        | sct(?:p?[0-9]{1,12})t[a-z0-9]{8,}     # of ServerChan
      ) (?![a-z0-9])
    | whsec_[a-z0-9+/]{16,}={0,2}               # of a webhook
    | =:[a-z0-9+/]{20,}={0,2}:                  # a signature (RFC 8941 byte sequence)
    """
)


def redact(text: str) -> str:
    """`text`, of which at most MAX_CHARS are kept, with what looks like a credential masked."""
    if _SUSPECT.search(text) is None:
        return text[:MAX_CHARS]
    return _IN_TEXT.sub(_masked, text[:MAX_CHARS])


def _masked(found: re.Match[str]) -> str:
    kept = found.lastgroup
    return (found[kept] if kept else "") + MASK


def redact_value(value: Any, *, depth: int = 0) -> Any:
    """`value` as plain data without credentials: masked by name in tables, by shape in texts."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes | bytearray):
        return redact(bytes(value[:MAX_CHARS]).decode("utf-8", "replace"))
    if depth < _MAX_DEPTH:
        if isinstance(value, Mapping):
            return {
                redact(str(name)): MASK
                if is_secret_name(name)
                else redact_value(inner, depth=depth + 1)
                for name, inner in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [redact_value(inner, depth=depth + 1) for inner in value]
    return redact(str(value))


def is_secret_name(name: object) -> bool:
    """Whether what stands under `name` is a credential, whatever it looks like."""
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    return text.lower() in _SECRET_NAMES


def redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Any:
    """A structlog processor: nothing that it lets pass holds a credential.

    Whoever binds a `request_id` answers for it: it is not looked through.
    """
    for name, value in event.items():
        # The formatter of exceptions redacts the text that it makes.
        if name == "exc_info" or name in _MADE_BY_US:
            continue
        if _is_secret_key(name):
            event[name] = MASK
        elif isinstance(value, str) and len(value) <= _SHORT:
            event[name] = _redact_short(value)
        else:
            event[name] = redact_value(value)
    return event


_redact_short = lru_cache(maxsize=4_096)(redact)
_is_secret_key = lru_cache(maxsize=1_024)(is_secret_name)  # of log events: names in our code
