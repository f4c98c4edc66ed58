import asyncio
import secrets
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import httpx
import structlog

from core.tasks import TaskSet
from sandbox.freepublish import article_detail
from sandbox.models import MassMessage, Publication
from sandbox.settings import SandboxAccount
from sandbox.world import World
from wechat.freepublish import PublishStatus
from wechat.push import seal, signature
from wechat.pushed import MASS_SENT, PUBLISHED

log = structlog.get_logger(__name__)

_ANSWER_WITHIN_S = 5
_TRIES = 4  # the first and three more
_FOLLOWERS = 100  # of every account
_SYSTEM_OPENID = "oSandboxSystemSender00000000"
_HANDLED = frozenset({b"", b"success"})


class Pusher:
    """Sends events to the accounts' callback addresses, as often as WeChat does."""

    def __init__(self, world: World, http: httpx.AsyncClient, tasks: TaskSet) -> None:
        self._world = world
        self._http = http
        self._tasks = tasks

    def publication_finished(
        self, account: SandboxAccount, publish_id: str, publication: Publication
    ) -> None:
        """Push PUBLISHJOBFINISH, where the account has a callback address."""
        if account.callback_url:
            info = self._publication(publish_id, publication)
            told = f"<PublishEventInfo>{info}</PublishEventInfo>"
            self.event(account, PUBLISHED, told)

    def mass_sent(self, account: SandboxAccount, message: MassMessage) -> None:
        """Push MASSSENDJOBFINISH, where the account has a callback address."""
        if account.callback_url:
            counts = {"TotalCount": _FOLLOWERS, "FilterCount": _FOLLOWERS}
            counts |= {"SentCount": _FOLLOWERS, "ErrorCount": 0}
            told = "".join(f"<{name}>{count}</{name}>" for name, count in counts.items())
            told = f"<MsgID>{message.msg_id}</MsgID><Status>{_cdata('send success')}</Status>{told}"
            self.event(account, MASS_SENT, told)

    def event(self, account: SandboxAccount, name: str, told: str) -> None:
        """Push an event whose own elements are `told`, as the world's plan has it."""
        plan, xml = self._world.pushes, self._event(account, name, told)
        for _ in range(0 if plan.lost else plan.copies):
            work = self._deliver(account, name, xml, delay_s=plan.delay_s)
            self._tasks.start(work, name="push")

    def _event(self, account: SandboxAccount, name: str, told: str) -> str:
        return (
            f"<xml><ToUserName>{_cdata(account.original_id)}</ToUserName>"
            f"<FromUserName>{_cdata(_SYSTEM_OPENID)}</FromUserName>"
            f"<CreateTime>{int(self._world.clock())}</CreateTime>"
            f"<MsgType>{_cdata('event')}</MsgType><Event>{_cdata(name)}</Event>{told}</xml>"
        )

    def _publication(self, publish_id: str, publication: Publication) -> str:
        info = (
            f"<publish_id>{publish_id}</publish_id>"
            f"<publish_status>{publication.publish_status}</publish_status>"
        )
        if publication.publish_status == PublishStatus.DONE:
            info += self._articles(publication)
        else:
            indexes = range(1, len(publication.articles) + 1)
            info += "".join(f"<fail_idx>{index}</fail_idx>" for index in indexes)
        return info

    def _articles(self, publication: Publication) -> str:
        detail = article_detail(self._world, publication)
        items = "".join(
            f"<item><idx>{item['idx']}</idx>"
            f"<article_url>{_cdata(item['article_url'])}</article_url></item>"
            for item in detail["item"]
        )
        return (
            f"<article_id>{_cdata(publication.article_id)}</article_id>"
            f"<article_detail><count>{detail['count']}</count>{items}</article_detail>"
        )

    async def _deliver(
        self, account: SandboxAccount, name: str, xml: str, *, delay_s: float
    ) -> None:
        await asyncio.sleep(delay_s)
        for attempt in range(1, _TRIES + 1):
            url, body = self._signed(account, xml)
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    answer = await self._http.post(
                        url, content=body, headers={"Content-Type": "text/xml"}
                    )
                handled = answer.status_code == 200 and answer.content.strip() in _HANDLED
            except (httpx.HTTPError, TimeoutError):
                handled = False
            self._world.ledger.commit(
                "push", account.app_id, event=name, attempt=attempt, handled=handled
            )
            if handled:
                return
        log.warning("push was not taken", app_id=account.app_id, tries=_TRIES)

    def _signed(self, account: SandboxAccount, xml: str) -> tuple[str, bytes]:
        timestamp, nonce = str(int(self._world.clock())), str(secrets.randbelow(10**10))
        token = account.callback_token
        query = {
            "signature": signature(token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": _SYSTEM_OPENID,
        }
        if account.encoding_aes_key:
            sealed = seal(
                xml.encode(),
                encoding_aes_key=account.encoding_aes_key,
                app_id=account.app_id,
                random16=secrets.token_hex(8).encode(),
            )
            query["encrypt_type"] = "aes"
            query["msg_signature"] = signature(token, timestamp, nonce, sealed)
            to = _cdata(account.original_id)
            xml = f"<xml><ToUserName>{to}</ToUserName><Encrypt>{_cdata(sealed)}</Encrypt></xml>"
        separator = "&" if "?" in account.callback_url else "?"
        return f"{account.callback_url}{separator}{urlencode(query)}", xml.encode()


def _cdata(text: str) -> str:
    return f"<![CDATA[{text}]]>" if "]]>" not in text else escape(text)
