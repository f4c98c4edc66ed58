from typing import Any

from jobs.draft_publish import DraftGone
from jobs.reconcile import Fingerprint
from wechat.call import WeChatRefused
from wechat.draft import DraftClient
from wechat.errcodes import INVALID_MEDIA_ID


class DraftSight:
    """Looks at drafts in the box, to know later whether somebody changed them."""

    def __init__(self, drafts: DraftClient) -> None:
        self._drafts = drafts

    async def see(self, account: str, media_id: str) -> dict[str, Any]:
        """What the draft is now (Fingerprint.as_json). Raises DraftGone, and what calls raise."""
        try:
            news = await self._drafts.get(account, media_id)
        except WeChatRefused as exc:
            if exc.wechat_errcode == INVALID_MEDIA_ID:
                raise DraftGone(media_id=media_id) from None
            raise
        return (await Fingerprint.of_draft(news, media_id)).as_json()
