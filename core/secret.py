import re
from collections.abc import MutableMapping
from typing import Any

MASK = "***"

_SECRET_NAMES = frozenset(
    {
        "access_token", "refresh_token", "component_access_token", "token", "secret", "appsecret",
        "app_secret", "client_secret", "authorization", "x-api-key", "api_key", "key", "cookie",
        "set-cookie", "password", "ticket", "session_key", "js_code", "echostr", "encodingaeskey",
    }
)  # fmt: skip
_IN_TEXT = re.compile(
    r"(?i)((?:access_token|refresh_token|app_?secret|client_secret|secret|ticket|js_code|password)"
    r"[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+|wxg_[a-z0-9-]{1,32}_[A-Za-z0-9_-]{8,}|(?<=Bearer )\S+"
)


# No pattern matches less: most values of a log line are spared the search.
_SHORTEST = len("secret=x")


def redact(text: str) -> str:
    """`text` with everything that looks like a credential masked."""
    if len(text) < _SHORTEST:
        return text
    return _IN_TEXT.sub(lambda found: (found.group(1) or "") + MASK, text)


def redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Any:
    """A structlog processor: masks secret-named keys, and credentials inside of any text."""
    for name, value in event.items():
        if name.lower() in _SECRET_NAMES:
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = redact(value)
    return event
