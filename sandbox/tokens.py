import ipaddress
import math
import re

from core.clock import shanghai_day
from sandbox.answers import Answer, Refused, json_answer
from sandbox.apicall import ApiCall, OpenHandler
from sandbox.models import Token, TokenDay, TokenKind
from sandbox.quotas import Quotas
from sandbox.settings import SandboxAccount
from sandbox.world import World
from wechat.limits import (
    FORCED_REFRESH_GAP_S,
    FORCED_REFRESHES_A_DAY,
    STABLE_TOKEN_MIN_LIFE_S,
    TOKEN_LIFE_S,
    TOKEN_OVERLAP_S,
)

_WELL_FORMED = re.compile(r"[0-9]{1,3}_[A-Za-z0-9_-]{100,500}")
_TOKEN_CHARS = 150
_MARK = "SandboxToken"  # tells them from real ones wherever one turns up
_FORGET_AFTER_S = 86_400


class Tokens:
    """Issues and checks access_tokens: the classic and the stable store, apart from each other."""

    def __init__(self, world: World, quotas: Quotas) -> None:
        self._world = world
        self._quotas = quotas

    def handlers(self) -> dict[str, OpenHandler]:
        """The calls that give tokens out."""
        return {"/cgi-bin/token": self.classic, "/cgi-bin/stable_token": self.stable}

    def classic(self, call: ApiCall) -> Answer:
        """A new token at each call; the one before lives 5 minutes more, older ones die."""
        account = self._login(call, dict(call.query))
        return self._issued(self._issue(account, "classic", overlap_s=TOKEN_OVERLAP_S))

    def stable(self, call: ApiCall) -> Answer:
        """The same token until its last 5 minutes, or a new one by force."""
        account = self._login(call, call.json)
        forced = call.json.get("force_refresh", False)
        if not isinstance(forced, bool):
            raise Refused(47001)
        current = self._current(account.app_id, "stable")
        if forced and self._may_force(account.app_id):
            overlap_s = TOKEN_OVERLAP_S if self._world.settings.forced_overlap else 0
            return self._issued(self._issue(account, "stable", overlap_s=overlap_s))
        # In the last 5 minutes the platform renews by itself; the old one lives to its end.
        if current is None or self._left_s(current[1]) <= STABLE_TOKEN_MIN_LIFE_S:
            current = self._issue(account, "stable", overlap_s=TOKEN_OVERLAP_S)
        return self._issued(current)

    def check(self, value: str | None) -> SandboxAccount:
        """The account of an access_token. Raises Refused 41001, 40001, 40014 or 42001."""
        if not value:
            raise Refused(41001)
        for account in self._world.settings.accounts:
            token = self._world.tokens.get(account.app_id, value)
            if token is not None:
                self._check_alive(token)
                return account
        raise self._bad(40001 if _WELL_FORMED.fullmatch(value) else 40014)

    def check_ip(self, account: SandboxAccount, client_ip: str) -> None:
        """Raises Refused 40164 for an IP outside of the account's whitelist."""
        if account.ip_whitelist is None:
            return
        ip = ipaddress.ip_address(client_ip)
        if not any(ip in ipaddress.ip_network(entry, False) for entry in account.ip_whitelist):
            raise Refused(40164, f"invalid ip {ip} ipv6 ::ffff:{ip}, not in whitelist")

    def check_secret(self, app_id: object, secret: object) -> SandboxAccount:
        """The account of an AppID and its secret. Raises Refused 41002, 41004, 40013, 40125."""
        if not app_id:
            raise Refused(41002)
        if not secret:
            raise Refused(41004)
        account = self._world.account(str(app_id))
        if account is None:
            raise Refused(40013)
        if secret != account.app_secret:
            raise Refused(40125)
        return account

    def expire(self, app_id: str, *, supersede: bool = False) -> int:
        """End the account's live tokens, as by time (42001) or by another's call (40001)."""
        now, ended = self._world.clock(), 0
        for value, token in self._world.tokens.of(app_id):
            if self._left_s(token) > 0 and not self._superseded(token):
                change = {"superseded_at": now} if supersede else {"expires_at": now}
                self._world.tokens.put(app_id, value, token.model_copy(update=change))
                ended += 1
        return ended

    def _login(self, call: ApiCall, fields: dict[str, object]) -> SandboxAccount:
        if fields.get("grant_type") != "client_credential":
            raise Refused(40002)
        account = self.check_secret(fields.get("appid"), fields.get("secret"))
        self.check_ip(account, call.client_ip)
        self._quotas.spend(account.app_id, call.path)
        return account

    def _issue(
        self, account: SandboxAccount, kind: TokenKind, *, overlap_s: float
    ) -> tuple[str, Token]:
        now, app_id = self._world.clock(), account.app_id
        self._retire(app_id, kind, current_until=now + overlap_s)
        token = Token(kind=kind, expires_at=now + TOKEN_LIFE_S)
        value = f"92_{_MARK}{self._world.new_id(_TOKEN_CHARS - len(_MARK))}"
        self._world.tokens.put(app_id, value, token)
        self._world.ledger.commit("token", app_id, store=kind, ends_with=value[-6:])
        return value, token

    def _retire(self, app_id: str, kind: TokenKind, *, current_until: float) -> None:
        now = self._world.clock()
        current = self._current(app_id, kind)
        for value, token in self._world.tokens.of(app_id):
            if token.expires_at < now - _FORGET_AFTER_S:
                self._world.tokens.remove(app_id, value)
                continue
            end = current_until if current is not None and value == current[0] else now
            if token.kind == kind and (token.superseded_at is None or token.superseded_at > end):
                superseded = token.model_copy(update={"superseded_at": end})
                self._world.tokens.put(app_id, value, superseded)

    def _issued(self, issued: tuple[str, Token]) -> Answer:
        value, token = issued
        return json_answer({"access_token": value, "expires_in": math.ceil(self._left_s(token))})

    def _current(self, app_id: str, kind: TokenKind) -> tuple[str, Token] | None:
        for value, token in reversed(self._world.tokens.of(app_id)):
            if token.kind == kind:
                alive = token.superseded_at is None and self._left_s(token) > 0
                return (value, token) if alive else None
        return None

    def _may_force(self, app_id: str) -> bool:
        """Count a forced refresh; within 30 s of another it changes nothing."""
        now = self._world.clock()
        today = shanghai_day(now)
        last = self._world.token_days.get(app_id, "stable")
        forced = last.forced if last is not None and last.day == today else 0
        if forced >= FORCED_REFRESHES_A_DAY:
            raise Refused(45009, "reach max api daily quota limit")
        refreshes = last is None or now - last.last_at >= FORCED_REFRESH_GAP_S
        last_at = now if refreshes or last is None else last.last_at
        day = TokenDay(day=today, forced=forced + 1, last_at=last_at)
        self._world.token_days.put(app_id, "stable", day)
        return refreshes

    def _left_s(self, token: Token) -> float:
        return token.expires_at - self._world.clock()

    def _superseded(self, token: Token) -> bool:
        return token.superseded_at is not None and token.superseded_at <= self._world.clock()

    def _check_alive(self, token: Token) -> None:
        if self._left_s(token) <= 0:
            raise self._bad(42001)
        if self._superseded(token):
            raise self._bad(40001)

    def _bad(self, errcode: int) -> Refused:
        switch = self._world.settings.bad_token
        return Refused(errcode if switch == "split" else int(switch.removeprefix("always_")))
