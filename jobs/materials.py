"""Pictures into the library or for articles; materials deleted, and filed under tags."""

from collections.abc import Mapping
from typing import Protocol

from content.bring import Brought
from content.uploads import UploadKind
from jobs.claim import Claim, Done
from jobs.publish import ForgetsImages
from jobs.states import State
from store import files as kept_files
from store import tags
from store.engine import Database
from wechat.material import MaterialClient

UPLOAD = "image.upload"
DELETE = "material.delete"
TAG = "material.tag"


class BringsPictures(Protocol):
    """Brings one picture to WeChat; `content.build.ArticleBuilder` does."""

    async def upload(
        self, account: str, src: str, files: Mapping[str, bytes], kind: UploadKind
    ) -> Brought:
        """Fetch it, make it fit, upload it unless it is there."""
        ...


class ImageUpload:
    """Uploads a picture, unless the account has it already."""

    def __init__(self, pictures: BringsPictures, database: Database) -> None:
        self._pictures = pictures
        self._database = database

    async def __call__(self, claim: Claim) -> Done:
        """Raises as BringsPictures does."""
        async with self._database.read() as connection:
            files = await kept_files.of_job(connection, claim.row.id)
        asked = claim.row.payload
        brought = await self._pictures.upload(
            claim.row.account, asked["src"], files, asked["target"]
        )
        name = "url" if asked["target"] == "article" else "media_id"
        result = {
            name: brought.value,
            "status": "reused" if brought.fitted is None else "uploaded",
            "bytes_in": brought.bytes_in,
        }
        return Done(State.SUCCEEDED, result=result)


class MaterialDelete:
    """Deletes a material; one that is not there is deleted already."""

    def __init__(
        self, materials: MaterialClient, uploaded: ForgetsImages, database: Database
    ) -> None:
        self._materials = materials
        self._uploaded = uploaded
        self._database = database

    async def __call__(self, claim: Claim) -> Done:
        """Raises as MaterialClient does."""
        account, media_id = claim.row.account, claim.row.payload["media_id"]
        there = await self._materials.delete(account, media_id)
        await self._uploaded.forget(account, media_id)
        async with self._database.write() as connection:
            await tags.forget(connection, account, "material", [media_id])
        return Done(State.SUCCEEDED, result={"media_id": media_id, "was_there": there})


class MaterialTag:
    """Files a material under tags, and takes it from under others; WeChat knows nothing of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, claim: Claim) -> Done:
        """Raises TooManyTags."""
        account, asked = claim.row.account, claim.row.payload
        media_id = asked["media_id"]
        async with self._database.write() as connection:
            await tags.remove(connection, account, "material", media_id, asked["remove"])
            await tags.add(connection, account, "material", media_id, asked["add"])
            now = await tags.of(connection, account, "material", media_id)
        result = {"media_id": media_id, "tags": list(now)}
        return Done(State.SUCCEEDED, result=result)
