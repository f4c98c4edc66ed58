import json
from typing import Any

from sandbox.answers import Answer, Refused, json_answer, ok
from sandbox.apicall import AccountHandler, ApiCall
from sandbox.media import Uploads, read_kind, sha256
from sandbox.models import Material
from sandbox.settings import SandboxAccount
from sandbox.world import World

_LISTED = ("image", "video", "voice", "news")


class Materials:
    """material/*: the permanent library."""

    def __init__(self, world: World, uploads: Uploads) -> None:
        self._world = world
        self._uploads = uploads

    def handlers(self) -> dict[str, AccountHandler]:
        """The calls of this family."""
        return {
            "/cgi-bin/material/add_material": self.add,
            "/cgi-bin/material/get_material": self.get,
            "/cgi-bin/material/del_material": self.delete,
            "/cgi-bin/material/get_materialcount": self.count,
            "/cgi-bin/material/batchget_material": self.batchget,
            "/cgi-bin/material/add_news": self.retired,
            "/cgi-bin/material/update_news": self.retired,
        }

    def add(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Keep a file for good; answers a url only for images."""
        kind = read_kind(call)
        file = call.form.media
        media_type = self._uploads.check(file, kind)
        title, introduction = self._description(call) if kind == "video" else ("", "")
        if kind in ("image", "thumb"):
            blob, url = self._uploads.keep_picture(media_type, file.data)
        else:
            blob, url = self._uploads.keep_file(file.data), ""
        media_id = self._world.new_id(64)
        material = Material(
            kind=kind,
            name=file.filename,
            content_type=media_type,
            blob=blob,
            url=url,
            update_time=int(self._world.clock()),
            title=title,
            introduction=introduction,
        )
        self._world.materials.put(account.app_id, media_id, material)
        self._world.ledger.commit(
            "material",
            account.app_id,
            media_id=media_id,
            type=kind,
            url=url,
            sha256=sha256(file.data),
            bytes=len(file.data),
        )
        return json_answer({"media_id": media_id} | ({"url": url} if kind == "image" else {}))

    def get(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """The bytes; for a video JSON with a URL to them."""
        material = self._find(call, account)
        if material.kind == "video":
            down_url = f"{self._world.base_url}/mmbiz/{material.blob}"
            return json_answer(
                {
                    "title": material.title,
                    "description": material.introduction,
                    "down_url": down_url,
                }
            )
        return Answer(self._world.blobs.get(material.blob) or b"", material.content_type)

    def delete(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Remove a material; what it shows in published articles stays."""
        self._find(call, account)
        media_id = call.json["media_id"]
        self._world.materials.remove(account.app_id, media_id)
        self._world.ledger.commit("material_delete", account.app_id, media_id=media_id)
        return ok()

    def count(self, _call: ApiCall, account: SandboxAccount) -> Answer:
        """How many there are of each kind."""
        kinds = [material.kind for _, material in self._world.materials.of(account.app_id)]
        counts = {f"{kind}_count": kinds.count(kind) for kind in ("voice", "video", "image")}
        return json_answer(counts | {"news_count": 0})

    def batchget(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """A page of one kind, newest first. There are no news any more (draft/* took over)."""
        if call.json.get("type") not in _LISTED:
            raise Refused(40004)
        offset, count = call.window()
        found = [
            (media_id, material)
            for media_id, material in reversed(self._world.materials.of(account.app_id))
            if material.kind == call.json["type"]
        ]
        items = [_item(*pair) for pair in found[offset : offset + count]]
        return json_answer({"item": items, "total_count": len(found), "item_count": len(items)})

    def retired(self, _call: ApiCall, _account: SandboxAccount) -> Answer:
        """The calls that draft/* has replaced."""
        raise Refused(self._world.settings.retired_news)

    def _find(self, call: ApiCall, account: SandboxAccount) -> Material:
        material = self._world.materials.get(account.app_id, call.text("media_id", 40007))
        if material is None:
            raise Refused(40007)
        return material

    def _description(self, call: ApiCall) -> tuple[str, str]:
        try:
            data = json.loads(call.form.fields["description"])
            return str(data["title"]), str(data["introduction"])
        except (KeyError, TypeError, ValueError):
            raise Refused(47001) from None


def _item(media_id: str, material: Material) -> dict[str, Any]:
    item = {"media_id": media_id, "name": material.name, "update_time": material.update_time}
    return item | ({"url": material.url} if material.url else {})
