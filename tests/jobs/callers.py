"""The clients that the tests' jobs are of."""

from typing import Any

from accounts.clients import Client


class Callers:
    """Any client is live and may do all with these accounts, unless a test says otherwise."""

    def __init__(self) -> None:
        self.said: dict[str, Client | None] = {}

    def __call__(self, client_id: str) -> Client | None:
        return self.said.get(client_id) if client_id in self.said else caller(client_id)


def caller(client_id: str = "blog", **changes: Any) -> Client:
    fields = {
        "accounts": ["main", "second", "personal"],
        "scopes": ["draft", "publish", "material"],
    }
    return Client.model_validate({"id": client_id, **fields, **changes})
