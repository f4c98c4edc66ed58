from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from notify.happening import Happening, row_of
from store import happenings
from store.notifications import NotificationRow

EVENT: Final = "notification.dead"


async def tell_of_failure(
    connection: AsyncConnection, row: NotificationRow, values: Mapping[str, Any], now: float
) -> None:
    """A notification will not arrive, or nobody knows: that is told by other channels.

    Of one that tells of just that nothing is told, else two broken channels would tell of each
    other for ever. `values` are the columns that say how it ended.
    """
    if row.event == EVENT:
        return
    data = {
        "channel": row.channel,
        "notification": row.id,
        "state": values["state"],
        "error": values["error"],
        "about": row.event or row.content.get("subject"),
    }
    happening = Happening(event=EVENT, account=row.account, key=row.channel, data=data)
    await happenings.insert(connection, [row_of(happening, now)])
