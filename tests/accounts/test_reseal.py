from accounts.channel_secrets import channel_aad
from accounts.client_keys import ClientKeys
from accounts.master_key import Sealer
from accounts.reseal import Reseal
from store import channels, clients
from store.audit import AuditFilter
from store.channels import ChannelRow
from store.clients import ClientRow
from store.engine import Database
from tests.accounts.account_books import EDITOR, KEY, OTHER_KEY, account, open_shelf


def reseal(database: Database, old: bytes, new: bytes) -> Reseal:
    return Reseal(database, Sealer(old), Sealer(new), open_shelf(database, new).audit)


async def test_all_secrets_pass_from_the_old_key_to_the_new(database: Database) -> None:
    await open_shelf(database).book.add(account(callback_token="token"), EDITOR)
    after = open_shelf(database, OTHER_KEY)
    await after.book.add(account("new", 2), EDITOR)  # made under the new key already
    assert await reseal(database, KEY, OTHER_KEY).run(EDITOR) == (2, [])
    await after.stored.load()
    main = after.accounts.get("main")
    assert main.app_secret.get_secret_value() == "canary-secret-1"
    assert main.callback_token.get_secret_value() == "token"
    assert after.accounts.get("new")
    assert after.since == {account().app_id: 100, account("new", 2).app_id: 100}
    assert await reseal(database, KEY, OTHER_KEY).run(EDITOR) == (0, [])


async def test_what_neither_key_opens_is_named_and_left(database: Database) -> None:
    await open_shelf(database).book.add(account(), EDITOR)
    assert await reseal(database, b"x" * 32, OTHER_KEY).run(EDITOR) == (
        0,
        ["account main: app_secret"],
    )
    shelf = open_shelf(database)
    await shelf.stored.load()
    assert shelf.accounts.get("main")


async def test_keys_of_clients_that_sign_pass_over_too(database: Database) -> None:
    keys = [ClientKeys(Sealer(key), lambda: 1.0) for key in (KEY, OTHER_KEY)]
    async with database.write() as connection:
        await clients.insert(connection, ClientRow("blog", {}, False, 1, 1.0, 1.0))
        made, row = keys[0].make("blog", signing=True)
        await clients.insert_key(connection, row)
        await clients.insert_key(connection, keys[0].make("blog", signing=False)[1])
    assert await reseal(database, KEY, OTHER_KEY).run(EDITOR) == (1, [])
    async with database.read() as connection:
        values = [keys[1].held(row).value for row in await clients.keys(connection)]
    assert set(values) == {None, made.encode()}
    assert await reseal(database, KEY, OTHER_KEY).run(EDITOR) == (0, [])
    assert await reseal(database, KEY, b"x" * 32).run(EDITOR) == (0, [f"client blog: {row.hint}"])


async def test_settings_of_channels_pass_over_too(database: Database) -> None:
    row = ChannelRow(
        name="ops",
        type="wecom",
        sealed=Sealer(KEY).seal(b"{}", aad=channel_aad("ops")),
        disabled=False,
        version=1,
        created_at=1.0,
        updated_at=1.0,
    )
    async with database.write() as connection:
        await channels.insert(connection, row)
    assert await reseal(database, b"x" * 32, OTHER_KEY).run(EDITOR) == (0, ["channel ops"])
    assert await reseal(database, KEY, OTHER_KEY).run(EDITOR) == (1, [])
    assert await reseal(database, KEY, OTHER_KEY).run(EDITOR) == (0, [])
    async with database.read() as connection:
        (kept,) = await channels.channels(connection)
    assert Sealer(OTHER_KEY).open(kept.sealed, aad=channel_aad("ops")) == b"{}"


async def test_it_is_in_the_log(database: Database) -> None:
    await reseal(database, KEY, OTHER_KEY).run(EDITOR)
    audit = open_shelf(database, OTHER_KEY).audit
    ((entry,), _) = await audit.page(AuditFilter(), limit=2)
    assert entry["action"] == "account.reseal"
    assert (await audit.verify()).reason is None
