import json

from sandbox.answers import Answer, Refused, json_answer, ok
from sandbox.apicall import AccountHandler, ApiCall
from sandbox.bodies import has_escapes
from sandbox.models import Menu
from sandbox.settings import SandboxAccount
from sandbox.world import World

_KEY = "menu"
_BUTTONS_MAX = 3


class Menus:
    """menu/*: the custom menu, replaced as a whole."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handlers(self) -> dict[str, AccountHandler]:
        """The calls of this family."""
        return {
            "/cgi-bin/menu/create": self.create,
            "/cgi-bin/menu/get": self.get,
            "/cgi-bin/menu/delete": self.delete,
        }

    def create(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Set the menu. Unlike drafts, menus refuse escapes (40033)."""
        if has_escapes(call.body):
            raise Refused(40033)
        buttons = call.json.get("button")
        if not isinstance(buttons, list):
            raise Refused(47001)
        if not 1 <= len(buttons) <= _BUTTONS_MAX:
            raise Refused(40016, "invalid button size")
        body = json.dumps({"button": buttons}, ensure_ascii=False)
        self._world.menus.put(account.app_id, _KEY, Menu(body=body))
        self._world.ledger.commit("menu", account.app_id, buttons=len(buttons))
        return ok()

    def get(self, _call: ApiCall, account: SandboxAccount) -> Answer:
        """The menu as it was set."""
        menu = self._world.menus.get(account.app_id, _KEY)
        if menu is None:
            raise Refused(46003, "menu no exist")
        return json_answer({"menu": json.loads(menu.body)})

    def delete(self, _call: ApiCall, account: SandboxAccount) -> Answer:
        """Remove the menu; removing none is no error."""
        if self._world.menus.get(account.app_id, _KEY) is not None:
            self._world.menus.remove(account.app_id, _KEY)
            self._world.ledger.commit("menu_delete", account.app_id)
        return ok()
