"""What the refusals of mail servers mean."""

import re
from dataclasses import dataclass
from typing import Literal

# Whose matter a refusal is:
#   account    this account cannot send now: another may; after several of these it is disabled
#   spent      it has sent as much as its provider lets it: disabled at once
#   message    this server does not want this message: another may; nothing against the account
#   recipient  this one reader cannot be reached
#   busy       all its connections are in use, for longer than a mail waits; nothing was tried
Matter = Literal["account", "spent", "message", "recipient", "busy"]
Step = Literal["connect", "tls", "hello", "login", "sender", "recipient", "content"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A certain no of a server's, or no way to it."""

    matter: Matter
    final: bool  # the same server would say the same again
    reason: str  # for people, free of credentials


# Words of providers for "you send too fast", which come with 421, 450, 451, 535, 550 and 554 alike.
# Source: NetEase's 退信代码 (MI:SFQ, MI:DMC, HL:IFC …), QQ's "550 frequency limited", Google's
# "450 4.2.1" and "550 5.4.5" (support.google.com/a/answer/3726730).
_TOO_FAST = re.compile(
    r"""(?xi) frequen\w*\ .{0,20}(?:limit|control) | (?:rate|sending|hour\w*)\ .{0,20}limit
    | too\ (?:many|much)\ (?:mail|mess|connect|login|fail)
    | \b(?:MI:SFQ|MI:DM[CR]|RP:DRC|HL:I[CF][CQ])\b | \b[45]\.4\.5\b | \b[45]\.7\.28\b
    | 频率|频繁
    """
)
# The same for "you have sent enough today"; of a recipient it would mean a full mailbox.
_ENOUGH = re.compile(
    r"(?i)quota|daily .{0,30}limit|limit.{0,20}exceed|exceed.{0,30}limit|上限|超限"
)
# RFC 3463: of class 4 or 5, subject 1 is about an address, 2 about the mailbox it names.
_ABOUT_MAILBOX = re.compile(r"[45]\.[12]\.\d{1,3}\b")
_HANGS_UP = 421


def judge(step: Step, code: int, text: str, reason: str) -> Refusal:
    """What it means that a server answered `code` (4xx or 5xx) and `text` at that step."""
    passing = code < 500
    if _TOO_FAST.search(text):
        return Refusal("spent", final=False, reason=reason)
    if step == "recipient" and code != _HANGS_UP:
        return Refusal("recipient", final=not passing, reason=reason)
    too_large = code == 552 and step == "sender"  # RFC 1870
    if too_large or (step == "content" and not passing):
        spent = _ENOUGH.search(text) and not _ABOUT_MAILBOX.match(text) and not too_large
        return Refusal("spent" if spent else "message", final=not spent, reason=reason)
    return Refusal("spent" if _ENOUGH.search(text) else "account", final=False, reason=reason)
