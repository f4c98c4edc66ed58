"""A channel's settings as data: read, kept, and shown without what is secret in them."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import to_jsonable_python

from core.secret import MASK, is_secret_name
from notify.channel_errors import ChannelInvalid
from notify.channel_settings import ChannelSettings
from notify.kinds import KINDS, Kind


def checked(entry: Mapping[str, Any], kinds: Mapping[str, Kind] = KINDS) -> ChannelSettings:
    """The settings that `entry` makes, as one of `[[channels]]`. Raises ChannelInvalid."""
    kind = kinds.get(str(entry.get("type")))
    if kind is None:
        raise ChannelInvalid(field="type", reason=f"type: {', '.join(kinds)}")
    if (masked := _masked(entry)) is not None:
        raise ChannelInvalid(field=masked, reason=f"{masked}: {MASK}")
    try:
        return kind.settings.model_validate(entry)
    except ValidationError as exc:
        fault = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in fault["loc"])[:64]
    reason = fault["msg"].removeprefix("Value error, ")
    raise ChannelInvalid(field=field or None, reason=f"{field}: {reason}")


def _masked(entry: Mapping[str, Any]) -> str | None:
    """The field that holds what `shown` put in a credential's place, and not the credential."""
    for name, value in entry.items():
        if MASK in json.dumps(value, default=str):
            return name
    return None


def changed(kept: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept, with what is said in its place. Raises ChannelInvalid.

    Of entries with names, such as the accounts of a mail channel, a secret that is not said stays,
    as long as it goes where it went.
    """
    entry = {**kept, **said}
    for field, value in said.items():
        if isinstance(value, list) and isinstance(kept.get(field), list):
            before = {each["name"]: each for each in kept[field] if _is_named(each)}
            entry[field] = [
                _with_secrets(field, before[each["name"]], each)
                if _is_named(each) and each["name"] in before
                else each
                for each in value
            ]
    return entry


_WHERE = ("host", "port", "security", "ca_file")


def _is_named(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)


def _with_secrets(
    field: str, kept: Mapping[str, Any], said: Mapping[str, Any]
) -> Mapping[str, Any]:
    secrets = {
        name: value
        for name, value in kept.items()
        if value and is_secret_name(name) and name not in said
    }
    elsewhere = [name for name in _WHERE if name in said and said[name] != kept.get(name)]
    if secrets and elsewhere:
        name = next(iter(secrets))
        raise ChannelInvalid(
            field=field,
            reason=f"{field}: {', '.join(elsewhere)} 变了，要重新给出 {name} / {name} too",
        )
    return {**secrets, **said}


def revealed(settings: ChannelSettings) -> bytes:
    """All of them, credentials too, to be sealed."""
    return json.dumps(to_jsonable_python(_plain(settings)), ensure_ascii=False).encode()


def read_back(kept: bytes) -> dict[str, Any]:
    """What `revealed` made."""
    entry: dict[str, Any] = json.loads(kept)
    return entry


def _plain(value: Any) -> Any:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case BaseModel():
            return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {name: _plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
    return value


def shown(value: Any) -> Any:
    """Settings as people may see them: of an address its host, of a credential that it is there."""
    match value:
        case SecretStr():
            return _mask(value.get_secret_value())
        case BaseModel():
            return {name: shown(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {name: shown(inner) for name, inner in value.items()}
        case list() | tuple():
            return [shown(inner) for inner in value]
    return to_jsonable_python(value)


def _mask(secret: str) -> str:
    if not secret.startswith(("http://", "https://")):
        return secret and MASK
    parts = urlsplit(secret)
    return f"{parts.scheme}://{parts.netloc}/{MASK}"
