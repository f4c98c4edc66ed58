from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import Language
from notify.message import Attachment, Message
from notify.outbox import content_of
from notify.wording import Words
from store.notifications import NotificationRow
from store.uploads import AttachedFile


async def message_of(
    row: NotificationRow,
    files: Sequence[AttachedFile],
    words: Words,
    language: Language,
) -> tuple[Message, Mapping[str, Any]]:
    """What is to be sent, and what of it is to be kept: the columns that change.

    The words of an event are found now: those of its template as it is today.
    """
    content, kept = row.content, {}
    if "data" in content and row.event is not None:
        worded = await words.of_event(row.event, content["data"], language)  # type: ignore[arg-type]
        content = content_of(worded, str(content["data"].get("url") or ""))
        kept = {
            "content": content,
            "template": worded.template,
            "template_version": worded.template_version,
        }
    message = Message(
        id=row.id,
        subject=content["subject"],
        text=content["text"],
        markdown=content.get("markdown", ""),
        html=content.get("html", ""),
        severity=row.severity,  # type: ignore[arg-type]
        event=row.event or "",
        account=row.account or "",
        language=language,
        variables=content.get("variables", {}),
        url=content.get("url", ""),
        created_at=row.created_at,
        attachments=tuple(
            Attachment(name=each.name, media_type=each.media_type, data=each.data) for each in files
        ),
        **{name: tuple(whom) for name, whom in row.recipients.items()},
    )
    return message, kept
