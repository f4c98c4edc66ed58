import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import structlog

from core.clock import Clock
from core.tasks import TaskSet
from notify.email.addresses import Address, BadAddress, parse_address
from notify.email.connections import Connections
from notify.email.mime import Envelope, TooLarge, build_mail, check_size
from notify.email.pool import NobodyCan, Pool, Turn
from notify.email.replies import Refusal
from notify.email.session import AnswerLost, Refused, Session
from notify.email.settings import EmailSettings, MailAccount
from notify.message import Message
from notify.sender import DeliveryUnknown, NotDelivered, Receipt, Resting, Unreached
from store.engine import Database, StorageUnavailable
from store.for_ever import for_ever

log = structlog.get_logger(__name__)

_MAX_RECIPIENTS = 100
_GIVE_UP_S = 20.0  # no further account is begun with after that: an attempt has a minute
_LOOK_S = 15.0  # for accounts that are to be tried
_REST_S = 300.0  # limits and accounts may change meanwhile
_TOLD = 3
_NO_UTF8 = Refusal("recipient", final=False, reason="no address beyond ASCII (SMTPUTF8) here")


@dataclass(slots=True)
class _Mail:
    """A message on its way, and how far it has come."""

    message: Message
    to: Sequence[Address]
    cc: Sequence[Address]
    whom: Sequence[Address]  # it is to reach
    left: list[Address]  # of them, those whom another account may reach
    receipt: Receipt | None = None  # of the last account that reached anybody
    refusals: dict[Address, Refusal] = field(default_factory=dict)
    tried: dict[str, str] = field(default_factory=dict)  # accounts, and what each one met with
    unwanted: int = 0  # accounts whose servers want none of it

    def reached(self, receipt: Receipt, refused: Mapping[Address, Refusal]) -> None:
        """An account has sent it to all that are left, but for those."""
        self.receipt = receipt
        for each in set(self.left) - refused.keys():
            self.refusals.pop(each, None)
        self.keep(refused)

    def keep(self, refused: Mapping[Address, Refusal]) -> None:
        """These are still to be reached, where that is not hopeless."""
        self.refusals.update(refused)
        self.left = [each for each in self.left if each in refused and not refused[each].final]


class EmailSender:
    """Sends mail by the accounts of a channel: the next one where one certainly did not send it.

    Where the end of a mail was sent and no answer came, no other account sends it too.
    """

    repeatable: ClassVar[bool] = False

    def __init__(
        self,
        settings: EmailSettings,
        database: Database,
        clock: Clock,
        *,
        monotonic: Clock = time.monotonic,
        look_s: float = _LOOK_S,
    ) -> None:
        self._settings = settings
        self._pool = Pool(settings, database, clock)
        self._connections = {each.name: Connections(each) for each in settings.accounts}
        self._domain = parse_address(settings.accounts[0].address).domain
        self._clock = clock
        self._monotonic = monotonic
        self._look_s = look_s
        self._looked = False  # for disabled accounts, since these settings count
        self._tasks = TaskSet()

    async def send(self, message: Message) -> Receipt:
        """Hand the message over. Raises NotDelivered, of which Resting is one; DeliveryUnknown."""
        mail = self._begun(message)
        try:
            self._start_probing()
            await self._send(mail)
        except StorageUnavailable as exc:
            if mail.receipt is None:
                raise NotDelivered(str(exc)) from None
            log.warning("mail sent, account not settled", notification=message.id)
        return self._ended(mail)

    def _begun(self, message: Message) -> _Mail:
        """Raises NotDelivered."""
        to, cc, bcc = (_parsed(each) for each in (message.to, message.cc, message.bcc))
        if not (to or cc or bcc):
            to = _parsed(self._settings.to)
        only = set(_parsed(message.only))
        everybody = dict.fromkeys([*to, *cc, *bcc])
        left = [each for each in everybody if each in only or not only]
        if not left or len(left) > _MAX_RECIPIENTS:
            reason = (
                f"{len(left)} recipients, at most {_MAX_RECIPIENTS}" if left else "no recipient"
            )
            raise NotDelivered(reason, final=True)
        subject = " ".join(filter(None, [self._settings.subject_prefix, message.subject]))
        at = message.created_at or self._clock()
        message = replace(message, subject=subject, created_at=at)
        try:
            check_size(message)
        except TooLarge as exc:
            raise NotDelivered(exc.reason, final=True) from None
        return _Mail(message, to, cc, whom=left, left=left)

    async def _send(self, mail: _Mail) -> None:
        """By one account after the other, until nobody is left, or no account.

        Raises DeliveryUnknown, Resting, NotDelivered.
        """
        began = self._monotonic()
        while mail.left and self._monotonic() - began < _GIVE_UP_S:
            try:
                turn = await self._turn(mail)
            except NobodyCan as exc:
                if mail.tried:
                    return
                if exc.wait_s is None:
                    raise NotDelivered(exc.reason, final=True) from None
                raise Resting(exc.reason, retry_after_s=min(exc.wait_s, _REST_S)) from None
            await self._by(turn, mail)

    async def _turn(self, mail: _Mail) -> Turn:
        """Raises NobodyCan."""
        try:
            return await self._pool.take(len(mail.left), but=mail.tried.keys())
        except NobodyCan:
            if mail.tried or self._looked:
                raise
        # The settings may just have been mended; then their time has not come, and they are back.
        self._looked = True
        await self._probe(whenever=True)
        return await self._pool.take(len(mail.left))

    async def _by(self, turn: Turn, mail: _Mail) -> None:
        """Have one account send it to all that are left. Raises DeliveryUnknown."""
        account, failed, reached = turn.account, None, 0
        mail.tried[account.name] = ""
        try:
            async with self._connections[account.name].session() as session:
                reached = await self._hand_over(session, account, mail)
        except Refused as exc:
            mail.tried[account.name] = exc.refusal.reason
            if exc.refusal.matter == "message":
                mail.unwanted += 1
            elif exc.refusal.matter != "busy":
                failed = exc.refusal
            log.info("mail not taken", account=account.name, reason=exc.refusal.reason)
        except AnswerLost as exc:
            lost = Refusal("account", final=False, reason=exc.reason)
            await self._settle(turn, reached=turn.recipients, failed=lost)
            raise DeliveryUnknown(exc.reason, by=account.name) from None
        await self._settle(turn, reached=reached, failed=failed)

    async def _settle(self, turn: Turn, *, reached: int, failed: Refusal | None) -> None:
        """What came of the mail is known, whether or not this can be written down."""
        try:
            await self._pool.settle(turn, reached=reached, failed=failed)
        except StorageUnavailable as exc:
            log.warning("mail account not settled", account=turn.account.name, reason=str(exc))

    async def _hand_over(self, session: Session, account: MailAccount, mail: _Mail) -> int:
        """How many it reached. Raises Refused, AnswerLost."""
        able = session.takes_utf8()
        left = [each for each in mail.left if able or not each.needs_utf8]
        refused = {each: _NO_UTF8 for each in mail.left if each not in left}
        if left:
            to, cc = (
                [each for each in shown if able or not each.needs_utf8]
                for shown in (mail.to, mail.cc)
            )
            content = await self._written(session, mail.message, self._envelope(account, to, cc))
            utf8 = any(each.needs_utf8 for each in (*to, *cc, *left))
            taken = await session.send(content, left, utf8=utf8)
            refused |= taken.refused
        count = len(mail.left) - len(refused)
        if count:
            mail.reached(Receipt(by=account.name, reference=taken.reference), refused)
        else:
            mail.keep(refused)
        return count

    async def _written(self, session: Session, message: Message, envelope: Envelope) -> bytes:
        """Raises Refused, where its server would not take so much."""
        content = await asyncio.to_thread(build_mail, message, envelope)
        if 0 < session.most_bytes() < len(content):
            reason = f"its server takes {session.most_bytes()} bytes, not {len(content)}"
            raise Refused(Refusal("message", final=True, reason=reason), broken=False)
        return content

    def _ended(self, mail: _Mail) -> Receipt:
        """Raises NotDelivered where it reached nobody."""
        # Where no refusal is of their own, the account that was to reach them did not come so far.
        missing = [each for each in mail.whom if each in mail.refusals or each in mail.left]
        why = "; ".join(f"{name}: {said}" for name, said in mail.tried.items() if said)
        if mail.receipt is not None:
            unreached = [
                Unreached(str(each), found.reason, found.final)
                if (found := mail.refusals.get(each))
                else Unreached(str(each), why, final=False)
                for each in missing
            ]
            return replace(mail.receipt, unreached=tuple(unreached))
        everywhere = len(mail.tried) == len(self._connections)
        hopeless = all(each in mail.refusals and mail.refusals[each].final for each in missing)
        final = hopeless and (everywhere or not mail.left)
        final = final or mail.unwanted == len(self._connections)
        told = [
            f"{each}: {mail.refusals[each].reason}" for each in missing if each in mail.refusals
        ]
        reason = "; ".join(filter(None, [*told[:_TOLD], why]))
        raise NotDelivered(reason, final=final, by=next(reversed(mail.tried), ""))

    def _envelope(
        self, account: MailAccount, to: Sequence[Address], cc: Sequence[Address]
    ) -> Envelope:
        reply_to = self._settings.reply_to
        return Envelope(
            sender=parse_address(account.address),
            sender_name=self._settings.from_name,
            to=to,
            cc=cc,
            reply_to=parse_address(reply_to) if reply_to else None,
            domain=self._domain,
            unsubscribe=self._settings.unsubscribe,
        )

    def _start_probing(self) -> None:
        if not self._tasks:
            failed, every_s = "mail accounts not tried", self._look_s
            probing = for_ever(self._probe, every_s=every_s, first_s=every_s, failed=failed)
            self._tasks.start(probing, name="mail: try disabled accounts")

    async def _probe(self, *, whenever: bool = False) -> None:
        """Try disabled accounts whose time has come."""
        due = await self._pool.due(whenever=whenever)
        await asyncio.gather(*(self._try(account) for account in due))

    async def _try(self, account: MailAccount) -> None:
        try:
            await self._connections[account.name].check()
        except Refused as exc:
            await self._pool.still_down(account, exc.refusal)
        else:
            await self._pool.revive(account)
            log.info("mail account is back", account=account.name)

    async def aclose(self) -> None:
        """Let connections go."""
        await self._tasks.aclose()
        for each in self._connections.values():
            await each.aclose()


def _parsed(addresses: Iterable[str]) -> list[Address]:
    """Raises NotDelivered."""
    try:
        return list(dict.fromkeys(parse_address(each) for each in addresses))
    except BadAddress as exc:
        raise NotDelivered(f"no such address: {exc!s:.100}", final=True) from None
