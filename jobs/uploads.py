from core.clock import Clock
from core.ids import new_id
from jobs.files import Files
from notify.attachment import clean_media_type, clean_name
from store import uploads
from store.engine import Database
from store.uploads import UploadRow

KEEP_S = 7 * 86_400


class Uploads:
    """Files that clients send to be attached to messages: by an id, for a while, and theirs alone.

    Their bytes stand in the store, once a client: whichever process sends the message has them.
    """

    def __init__(self, database: Database, files: Files, *, clock: Clock) -> None:
        self._database = database
        self._files = files
        self._clock = clock

    async def keep(self, client_id: str, data: bytes, *, name: str, media_type: str) -> UploadRow:
        """Keep a file. Raises FilesFull, DiskFull."""
        # What was kept just now is not forgotten before it is named here.
        sha256 = await self._files.keep(client_id, data)
        now, called = self._clock(), clean_name(name)
        row = UploadRow(
            id=new_id("file"),
            client_id=client_id,
            sha256=sha256,
            name=called,
            media_type=clean_media_type(media_type, called),
            size=len(data),
            created_at=now,
            expires_at=now + KEEP_S,
        )
        async with self._database.write() as connection:
            await uploads.insert(connection, row)
        return row
