from accounts.client_keys import ClientKeys
from accounts.client_views import view_of_file, view_of_row
from accounts.clients import Client, Clients
from accounts.keys import digest_of
from accounts.master_key import Sealer
from store.clients import ClientRow, UseRow

KEYS = ClientKeys(Sealer(b"k" * 32), lambda: 0.0)
SETTINGS = {"accounts": ["main"], "scopes": ["draft"], "signing": True}


def test_a_stored_client_is_shown_with_its_own_keys_and_their_last_use() -> None:
    key, row = KEYS.make("shop", signing=True)
    _, of_another = KEYS.make("blog", signing=True)
    uses = {row.digest: UseRow(row.digest, "shop", 60.0, "10.0.0.1")}
    client = ClientRow("shop", SETTINGS, disabled=True, version=3, created_at=0, updated_at=1)
    view = view_of_row(client, [row, of_another], uses)
    assert (view.id, view.source, view.disabled, view.version) == ("shop", "store", True, 3)
    assert [each.model_dump() for each in view.keys] == [
        {
            "id": digest_of(key)[:8],
            "hint": key[-4:],
            "can_sign": True,
            "created_at": "1970-01-01T00:00:00.000Z",
            "expires_at": None,
            "last_used_at": "1970-01-01T00:01:00.000Z",
            "last_used_ip": "10.0.0.1",
        }
    ]


def test_a_client_of_the_file_is_shown_without_its_keys() -> None:
    keys = ["wxg_blog_0123456789abcdefghijklmn", "wxg_blog_oldoldoldoldoldoldoldold"]
    fields = {"key": keys[0], "previous_key": keys[1], "accounts": ["main"], "scopes": ["draft"]}
    clients = Clients([Client.model_validate({"id": "blog", **fields})])
    (record,) = clients.of_file()
    view = view_of_file(record, {})
    assert (view.source, view.version, [key.hint for key in view.keys]) == (
        "file",
        0,
        ["klmn", "dold"],
    )
    assert all(key not in view.model_dump_json() for key in keys)
