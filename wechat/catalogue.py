import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

Scope = Literal["relay:read", "relay:write", "material", "draft", "publish", "mass"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API path of WeChat. Source: developers.weixin.qq.com and SDKs, read 2026-11."""

    path: str  # without host and query
    method: str  # GET or POST
    family: str
    purpose: str
    auth: str  # what identifies the caller: access_token, appid_secret, component…, none
    write: bool  # changes something at WeChat, whatever the verb
    idempotent: bool  # may be repeated after an unknown result
    body: str  # query, json, multipart, xml, binary
    response: str  # json, json_or_binary, binary
    cacheable_s: int  # a sensible upper bound for a proxy's cache; 0: don't

    @property
    def scope(self) -> Scope:
        """The narrowest scope that allows the call; `relay:read`/`relay:write` for the rest."""
        if not self.write:
            return "relay:read"
        if self.path == "/cgi-bin/media/uploadimg":
            return "draft"
        return _FAMILY_SCOPES.get(self.family, "relay:write")


_FAMILY_SCOPES: dict[str, Scope] = {
    "media": "material",
    "material": "material",
    "draft": "draft",
    "freepublish": "publish",
    "mass": "mass",
}


class Catalogue:
    """Every known API path."""

    def __init__(self, endpoints: list[Endpoint]) -> None:
        self._by_path = {endpoint.path: endpoint for endpoint in endpoints}
        self.first_segments = frozenset(path.split("/", 2)[1] for path in self._by_path)

    def find(self, path: str) -> Endpoint | None:
        """The endpoint of exactly this path."""
        return self._by_path.get(path)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._by_path.values())

    def __len__(self) -> int:
        return len(self._by_path)


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """The catalogue from data/endpoints.tsv."""
    text = resources.files(__package__).joinpath("data/endpoints.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return Catalogue([_endpoint(row) for row in rows])


def _endpoint(row: dict[str, str]) -> Endpoint:
    return Endpoint(
        path=row["path"],
        method=row["method"],
        family=row["family"],
        purpose=row["purpose_en"],
        auth=row["auth"],
        write=row["write"] == "yes",
        idempotent=row["idempotent"] == "yes",
        body=row["body"],
        response=row["response"],
        cacheable_s=int(row["cacheable_s"] or 0),
    )
