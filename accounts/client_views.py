from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from accounts.client_forms import ClientView, KeyView, NewClient, StoredSettings
from accounts.clients import ClientRecord
from accounts.keys import epoch_of, hint_of
from core.clock import rfc3339
from store.clients import ClientRow, KeyRow, UseRow

Uses = Mapping[str, UseRow]


def is_usable(row: ClientRow) -> bool:
    """Whether this version can read it: a newer one, or a person, may have written it."""
    try:
        NewClient.model_validate({**row.settings, "id": row.id})
    except (TypeError, ValidationError):
        return False
    return True


def view_of_row(row: ClientRow, keys: Iterable[KeyRow], uses: Uses) -> ClientView:
    """A client of the store, with those of `keys` that are its own."""
    return ClientView(
        **StoredSettings(**row.settings).model_dump(),
        id=row.id,
        source="store",
        disabled=row.disabled,
        version=row.version,
        created_at=rfc3339(row.created_at),
        updated_at=rfc3339(row.updated_at),
        keys=[
            _key(
                key.digest,
                key.hint,
                uses,
                can_sign=key.sealed is not None,
                created_at=key.created_at,
                expires_at=key.expires_at,
            )
            for key in keys
            if key.client_id == row.id
        ],
    )


def view_of_file(record: ClientRecord, uses: Uses) -> ClientView:
    """A client of the configuration file."""
    settings = record.client.model_dump(exclude={"id", "key", "previous_key"})
    return ClientView(
        **settings,
        signing=True,
        id=record.client.id,
        source="file",
        disabled=False,
        version=0,
        created_at=None,
        updated_at=None,
        keys=[
            _key(key.digest, hint_of((key.value or b"").decode("ascii")), uses, can_sign=True)
            for key in record.keys
        ],
    )


def _key(
    digest: str,
    hint: str,
    uses: Uses,
    *,
    can_sign: bool,
    created_at: float | None = None,
    expires_at: float | None = None,
) -> KeyView:
    use = uses.get(digest)
    return KeyView(
        id=epoch_of(digest),
        hint=hint,
        can_sign=can_sign,
        created_at=None if created_at is None else rfc3339(created_at),
        expires_at=None if expires_at is None else rfc3339(expires_at),
        last_used_at=None if use is None else rfc3339(use.used_at),
        last_used_ip=None if use is None else use.ip,
    )
