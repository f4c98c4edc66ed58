"""A book of accounts on a real store, and the directory that follows it."""

from dataclasses import dataclass

from pydantic import SecretStr

from accounts.account_book import AccountBook
from accounts.account_secrets import AccountSecrets
from accounts.audit import AuditLog
from accounts.edits import Editor
from accounts.master_key import Sealer
from accounts.official import Accounts, OfficialAccount
from accounts.stored_accounts import StoredAccounts
from store.engine import Database

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
EDITOR = Editor("cli:root", "req_1", "192.0.2.1")
IN_FILE = OfficialAccount(
    name="filed", app_id="wx00000000000000ff", app_secret=SecretStr("secret-of-the-file")
)


def account(name: str = "main", n: int = 1, **values: object) -> OfficialAccount:
    return OfficialAccount.model_validate(
        {"name": name, "app_id": f"wx{n:016}", "app_secret": f"canary-secret-{n}", **values}
    )


@dataclass
class Shelf:
    """What a process holds, and the clock it goes by."""

    book: AccountBook
    accounts: Accounts
    stored: StoredAccounts
    audit: AuditLog
    since: dict[str, float]
    now: float = 100.0


def open_shelf(database: Database, key: bytes = KEY) -> Shelf:
    secrets, accounts = AccountSecrets(Sealer(key)), Accounts([IN_FILE])
    since: dict[str, float] = {}
    audit = AuditLog(database, key, clock=lambda: 1.0)
    shelf: Shelf
    book = AccountBook(database, secrets, audit, accounts, clock=lambda: shelf.now)
    stored = StoredAccounts(database, secrets, accounts, since.__setitem__)
    shelf = Shelf(book, accounts, stored, audit, since)
    return shelf
