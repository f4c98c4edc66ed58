"""How often WeChat was asked for a token that it had given out already."""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sandbox.server import RunningSandbox
from tests.e2e.misfortunes import Spell

_PATH = "/cgi-bin/stable_token"
_TELLING_S = 2.0  # from WeChat's answer to the token's place in Redis, on a machine under load
_NOTICING_S = 10.0  # until a Redis that came back empty has been told the tokens again


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

    A second call in one life has a cause where Redis was away, since nobody can tell the others
    then; where it came back empty and one who may have known the token had died or was stopped;
    and where the one who was answered was killed or stopped before it had told the others.
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
    of_redis = [spell for spell in spells if spell.is_of_redis and spell.began <= second]
    of_replicas = [spell for spell in spells if spell.kind in ("kill", "stop")]
    if any(second <= spell.ended + _NOTICING_S for spell in of_redis):
        return "redis away"
    for spell in of_replicas:
        if abs(spell.began - first) <= _TELLING_S:
            return f"{spell.kind} while asking"
    for lost in of_redis:
        if first <= lost.ended and any(_misses(one, first, lost) for one in of_replicas):
            return "redis empty, who knew gone"
    return "none"


def _misses(spell: Spell, first: float, lost: Spell) -> bool:
    """Whether a replica that knew the token since `first` could not tell it after `lost`."""
    since = first if spell.kind == "kill" else lost.began  # the killed know nothing any more
    return spell.began <= lost.ended + _NOTICING_S and since <= spell.ended
