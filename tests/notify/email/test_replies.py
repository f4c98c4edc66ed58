from typing import Any

import pytest

from notify.email.replies import judge


@pytest.mark.parametrize(
    ("step", "code", "text", "matter", "final"),
    [
        ("connect", 421, "HL:IFC 112,smtp", "spent", False),
        ("connect", 554, "no service", "account", False),
        ("login", 535, "Error: authentication failed", "account", False),
        ("login", 535, "Login Fail. login frequency limited", "spent", False),
        ("login", 451, "too much fail authentication", "spent", False),
        ("login", 454, "4.7.0 temporary failure", "account", False),
        ("sender", 553, "Mail from must equal authorized user", "account", False),
        ("sender", 552, "5.3.4 message size exceeds fixed limit", "message", True),
        ("sender", 450, "MI:DMC 1,smtp", "spent", False),
        ("sender", 451, "MI:SFQ", "spent", False),
        ("sender", 550, "5.4.5 Daily user sending limit exceeded", "spent", False),
        ("recipient", 550, "5.1.1 unknown user", "recipient", True),
        ("recipient", 450, "4.2.0 greylisted", "recipient", False),
        ("recipient", 452, "4.5.3 Too many recipients", "recipient", False),
        ("recipient", 552, "Mailbox quota exceeded", "recipient", True),
        ("recipient", 421, "bye", "account", False),
        ("recipient", 550, "Ip frequency limited", "spent", False),
        ("content", 554, "DT:SPM", "message", True),
        ("content", 552, "5.2.2 mailbox full, quota exceeded", "message", True),
        ("content", 550, "daily quota exceeded", "spent", False),
        ("content", 451, "queue failure", "account", False),
        ("content", 452, "insufficient system storage", "account", False),
        ("content", 550, "发信频率过高", "spent", False),
    ],
)
def test_a_refusal_is_somebodys_matter(
    step: Any, code: int, text: str, matter: str, *, final: bool
) -> None:
    refusal = judge(step, code, text, "why")
    assert (refusal.matter, refusal.final, refusal.reason) == (matter, final, "why")
