"""Mail through real SMTP servers, one account of the pool failing: python -m bench.mail.

300 notifications are asked for over HTTP of a real `wxgate serve`, one in ten with a file of a
Chinese name, each with a blind copy. Two accounts work (implicit TLS, STARTTLS); the third fails
in another way each time: 535, 421, 451 after the content, cut at MAIL, cut within the content.

What must hold: ≥100 a minute, none lost, none twice, no reader but the blind one sees who he is.
"""

import asyncio
import logging
import ssl
import sys
import tempfile
import time
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import trustme
from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.processes import listening
from bench.served import KEY, served
from tests.conftest import free_port
from tests.notify.email.post_office import PostOffice, Received, cut, server_context

MAILS, LEAST_A_MINUTE, PATIENCE_S = 300, 100, 300
NAME, FILE = "十一月报表（最终版）.xlsx", bytes(range(256)) * 800
WAYS = ("535 wrong password", "421 bye", "451 try later", "cut", "mid")


class Failing(PostOffice):
    """Fails at each mail, each time in another way."""

    def __init__(self) -> None:
        super().__init__()
        self.ways, self.way, self.failed = cycle(WAYS), "", Counter[str]()

    def authenticate(self, *args: Any) -> Any:
        self.way = next(self.ways)
        if self.way.startswith("535"):
            self.failed[self.way] += 1
            self.says = {"AUTH": self.way}
        else:
            self.says = {}
        return super().authenticate(*args)

    async def handle_MAIL(self, server: SMTP, *args: Any) -> str:  # noqa: N802
        if self.way in ("cut", "421 bye"):
            self.failed[self.way] += 1
            self.says["MAIL"] = self.way
        return await super().handle_MAIL(server, *args)

    async def handle_RCPT(self, server: SMTP, *args: Any) -> str:  # noqa: N802
        if self.way == "mid":  # while the content is on its way
            self.failed[self.way] += 1
            asyncio.get_running_loop().call_later(0.001, cut, server)
        return await super().handle_RCPT(server, *args)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.way == "451 try later":
            self.failed[self.way] += 1
            return self.way
        return await super().handle_DATA(server, session, envelope)


async def serve(office: PostOffice, **how: Any) -> asyncio.Server:
    def made() -> SMTP:
        return SMTP(
            office,
            hostname="mail.example",
            authenticator=office.authenticate,
            auth_require_tls=False,
            tls_context=how.get("starttls"),
            loop=asyncio.get_running_loop(),
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(made, "127.0.0.1", 0, ssl=how.get("tls"))
    office.port = server.sockets[0].getsockname()[1]
    return server


def channel(ca_file: Path, offices: dict[str, tuple[PostOffice, str]]) -> dict[str, Any]:
    accounts = [
        {
            "name": name,
            "host": "127.0.0.1",
            "port": office.port,
            "security": security,
            "address": f"{name}@gate.example",
            "password": office.password,
            "timeout_s": 10,
            "ca_file": str(ca_file),
            "connections": 4,
        }
        for name, (office, security) in offices.items()
    ]
    mail = {"name": "mail", "type": "email", "allow_to": ["*@x.example"]}
    return {
        "channels": [{**mail, "max_failures": 100}],  # it is not spared: it fails all along
        "channels.accounts": accounts,
        "notify": {"per_minute": 100_000, "concurrency": 8, "retry_after_s": [1, 2]},
    }


async def ask(http: httpx.AsyncClient) -> dict[str, float]:
    """Ask for all of them; when each was asked for, by its id."""
    form = {"file": (NAME, FILE, "application/octet-stream")}
    attached = (await http.post("/v1/files", files=form)).raise_for_status().json()["id"]
    places = asyncio.Semaphore(8)

    async def one(number: int) -> tuple[str, float]:
        body: dict[str, Any] = {
            "channel": "mail",
            "subject": f"第 {number} 封：发表成功",
            "text": f"正文 {number}",
            "to": [f"to-{number}@x.example"],
            "bcc": [f"hidden-{number}@x.example"],
            "attachments": [attached] if number % 10 == 0 else [],
        }
        async with places:
            at = time.time()
            answer = await http.post("/v1/notifications", json=body)
            answer.raise_for_status()
        return answer.json()["id"], at

    return dict(await asyncio.gather(*(one(number) for number in range(MAILS))))


async def ended(http: httpx.AsyncClient, ids: list[str]) -> Counter[str]:
    """The states of all, once none is on its way any more."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        states = Counter[str]()
        for start in range(0, len(ids), 50):
            asked: dict[str, Any] = {"ids": ",".join(ids[start : start + 50]), "limit": 50}
            found = (await http.get("/v1/notifications", params=asked)).raise_for_status().json()
            states.update(each["state"] for each in found["items"])
        if not states["pending"] or time.monotonic() > deadline:
            return states
        await asyncio.sleep(0.5)


def faults(ids: list[str], mails: list[Received]) -> list[str]:
    """What must not be."""
    arrived = Counter(mail.message["Message-ID"].strip("<>").partition("@")[0] for mail in mails)
    found = [f"lost: {each}" for each in ids if each not in arrived]
    found += [f"{count} times: {each}" for each, count in arrived.items() if count > 1]
    for mail in mails:
        files = [each.get_filename() for each in mail.message.iter_attachments()]
        if len(mail.recipients) != 2 or b"hidden" in mail.data:
            found.append(f"blind copy: {mail.recipients}")
        if files not in ([], [NAME]):
            found.append(f"file names: {files}")
    with_file = [mail for mail in mails if list(mail.message.iter_attachments())]
    if len(with_file) != MAILS // 10:
        found.append(f"{len(with_file)} with a file")
    return found


async def main() -> int:
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # of aiosmtpd
    authority = trustme.CA()
    tls: ssl.SSLContext = server_context(authority)
    good, other, bad = PostOffice(), PostOffice(), Failing()
    servers = [await serve(good, tls=tls), await serve(other, starttls=tls), await serve(bad)]
    with tempfile.TemporaryDirectory() as name:
        ca_file = Path(name) / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        offices = {"good": (good, "tls"), "other": (other, "starttls"), "bad": (bad, "plain")}
        with served(free_port(), Path(name), channel(ca_file, offices)) as (port, _):
            await listening(port)
            headers = {"Authorization": f"Bearer {KEY}"}
            url = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
                begun = time.monotonic()
                asked = await ask(http)
                states = await ended(http, list(asked))
                took_s = time.monotonic() - begun
    for server in servers:
        server.close()
    mails = [*good.mails, *other.mails, *bad.mails]
    wrong = faults(list(asked), mails)
    rate = len(mails) / took_s * 60
    print(f"{len(asked)} asked for, {len(mails)} arrived in {took_s:.1f} s: {rate:.0f} a minute")
    print(f"states: {dict(states)}")
    for account, (office, security) in offices.items():
        print(
            f"  {account:<6} {security:<9} {len(office.mails):>4} mails, "
            f"{len(office.logins):>3} logins"
        )
    print(f"  failed: {dict(bad.failed)}")
    print(f"lost, twice, seen or misnamed: {len(wrong)}", *wrong[:10], sep="\n  ")
    return 0 if not wrong and rate >= LEAST_A_MINUTE and states == {"sent": MAILS} else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
