"""How often WeChat was asked for a token that it had given out already."""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sandbox.server import RunningSandbox
from tests.e2e.misfortunes import Spell

_PATH = "/cgi-bin/stable_token"
_TELLING_S = 2.0  # from WeChat's answer to the token's place in the stores, on a loaded machine
_RECOVERY_S = 10.0  # of a PostgreSQL that crashed, and of those who connect to it anew


@dataclass
class TokenCalls:
    """Of one account. A call whose answer was spoilt on its way counts apart: it is made again."""

    lives: int = 0  # tokens that WeChat made
    heard: int = 0  # calls that were answered
    spoilt: int = 0
    again: Counter[str] = field(default_factory=Counter)  # calls beyond one a life, by the cause

    def __add__(self, other: "TokenCalls") -> "TokenCalls":
        return TokenCalls(
            self.lives + other.lives,
            self.heard + other.heard,
            self.spoilt + other.spoilt,
            self.again + other.again,
        )


def token_calls(
    sandbox: RunningSandbox, app_id: str, spells: Sequence[Spell], real: Callable[[float], float]
) -> TokenCalls:
    """The account's, by WeChat's own ledger; `real` takes the jumps out of WeChat's time.

    A second call in one life has a cause where the one who was answered was killed or stopped
    before it had told the others, and where Redis was away or has forgotten and PostgreSQL
    was away when it was to be told, or asked.
    """
    made = [entry.at for entry in sandbox.ledger.entries("token", app_id)]
    calls = [
        call
        for call in sandbox.calls.seen
        if (call.path, call.account, call.errcode) == (_PATH, app_id, 0)
    ]
    told = TokenCalls(lives=len(made), spoilt=sum(bool(call.fault) for call in calls))
    spells = [replace(spell, began=real(spell.began), ended=real(spell.ended)) for spell in spells]
    for at, end in zip(made, [*made[1:], float("inf")], strict=True):
        heard = [real(call.at) for call in calls if at <= call.at < end and not call.fault]
        told.heard += len(heard)
        told.again.update(
            _cause(first, second, spells) for first, second in itertools.pairwise(heard)
        )
    return told


def _cause(first: float, second: float, spells: Sequence[Spell]) -> str:
    for spell in spells:
        if spell.kind in ("kill", "stop") and abs(spell.began - first) <= _TELLING_S:
            return f"{spell.kind} while asking"
    forgot = any(
        spell.is_of_redis and spell.began <= second and first <= spell.ended + _RECOVERY_S
        for spell in spells
    )
    silent = any(
        spell.kind == "postgres" and (_near(spell, first) or _near(spell, second))
        for spell in spells
    )
    return "both stores away" if forgot and silent else "none"


def _near(spell: Spell, moment: float) -> bool:
    return spell.began - _TELLING_S <= moment <= spell.ended + _RECOVERY_S
