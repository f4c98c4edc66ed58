import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from core.errors import Category, Text

# A token that WeChat no longer takes; one repeat with the current token is right (all SDKs agree).
STALE_TOKEN = frozenset({40001, 40014, 42001})
BUSY = -1
INVALID_MEDIA_ID = 40007
INVALID_ARTICLE_ID = 53600
PRODUCT_INVALID = 53405
IP_NOT_WHITELISTED = 40164
NO_PERMISSION = 48001
DAILY_QUOTA = 45009
MINUTE_QUOTA = 45011
CLEARED_OUT = 48006  # no clear_quota left this month

_CATEGORIES: dict[str, Category] = {
    "auth": "auth", "quota": "quota", "params": "params", "media": "media", "content": "content",
    "permission": "permission", "system": "system", "state": "params", "success": "system",
}  # fmt: skip

_INVALID_IP = re.compile(r"invalid ip ([0-9a-fA-F.:]{2,45})")


def refused_ip(errmsg: str) -> str | None:
    """The caller's IP as WeChat sees it, where the errmsg of a 40164 names it."""
    found = _INVALID_IP.search(errmsg)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Errcode:
    """What one errcode means. Category and action of rare codes are a guess by keyword."""

    errcode: int
    name: str  # in English, as a rule WeChat's own wording
    chinese: str
    category: Category
    action: str  # retry_backoff refresh_token wait_quota grant_permission whitelist_ip fix_request
    translated: str = ""  # en or zh: that text is a translation of ours, not WeChat's
    hint: Text | None = None  # of the codes that people meet most; may hold {ip}

    @property
    def retryable(self) -> bool:
        """Whether the same call may work later without anybody doing anything."""
        return self.action in ("retry_backoff", "refresh_token", "wait_quota")


class Errcodes:
    """Every errcode that WeChat is known to answer."""

    def __init__(self, errcodes: list[Errcode]) -> None:
        self._by_code = {errcode.errcode: errcode for errcode in errcodes}

    def get(self, errcode: int) -> Errcode:
        """Its entry; an unknown code is a system error that nobody can act on."""
        known = self._by_code.get(errcode)
        return known or Errcode(errcode, "unknown errcode", "未知错误码", "system", "none")

    def __contains__(self, errcode: int) -> bool:
        return errcode in self._by_code

    def __iter__(self) -> Iterator[Errcode]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)


@lru_cache(maxsize=1)
def load_errcodes() -> Errcodes:
    """The dictionary from data/errcodes.tsv and data/hints.tsv."""
    hints = {row["errcode"]: Text(row["zh"], row["en"]) for row in _read("hints.tsv")}
    return Errcodes(
        [
            Errcode(
                errcode=int(row["errcode"]),
                name=row["name"],
                chinese=row["chinese"] or row["name"],  # where WeChat has English alone
                category=_CATEGORIES[row["category"]],
                action=row["action"],
                translated=row["ours"],
                hint=hints.get(row["errcode"]),
            )
            for row in _read("errcodes.tsv")
        ]
    )


def _read(name: str) -> Iterator[dict[str, str]]:
    text = resources.files(__package__).joinpath("data", name).read_text("utf-8")
    return csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
