import zlib

from sandbox.answers import Answer, Refused, json_answer, ok
from sandbox.apicall import ApiCall, OpenHandler
from sandbox.settings import SandboxAccount
from sandbox.tokens import Tokens
from sandbox.world import World

_LIFE_S = 7_200


class Sns:
    """sns/*: a user's login by OAuth, as far as a relay has to be tried on it.

    Any code is good, once. The `access_token` here is the user's: the account's own is refused,
    so that a relay that puts it in is found out.
    """

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        self._used_codes: set[str] = set()
        self._users: dict[str, str] = {}  # openid by the user's access_token or refresh_token

    def open_handlers(self) -> dict[str, OpenHandler]:
        """The calls of this family; none takes the account's access_token."""
        return {
            "/sns/oauth2/access_token": self.login,
            "/sns/oauth2/refresh_token": self.refresh,
            "/sns/userinfo": self.userinfo,
            "/sns/auth": self.auth,
            "/sns/jscode2session": self.jscode2session,
        }

    def login(self, call: ApiCall) -> Answer:
        """Change a code for the user's tokens."""
        account = self._account(call)
        return self._user_tokens(self._openid(account, self._use_code(call, "code")))

    def refresh(self, call: ApiCall) -> Answer:
        """New tokens for a refresh_token."""
        if self._world.account(call.query.get("appid", "")) is None:
            raise Refused(40013)
        openid = self._users.get(call.query.get("refresh_token", ""))
        if openid is None:
            raise Refused(40030, "invalid refresh_token")
        return self._user_tokens(openid)

    def userinfo(self, call: ApiCall) -> Answer:
        """The user that the token and the openid name."""
        openid = self._user(call)
        return json_answer({"openid": openid, "nickname": "读者", "sex": 0, "headimgurl": ""})

    def auth(self, call: ApiCall) -> Answer:
        """Whether the user's token is good."""
        self._user(call)
        return ok()

    def jscode2session(self, call: ApiCall) -> Answer:
        """Change a mini program's code for a session."""
        openid = self._openid(self._account(call), self._use_code(call, "js_code"))
        return json_answer({"openid": openid, "session_key": self._world.new_id(24)})

    def _account(self, call: ApiCall) -> SandboxAccount:
        if call.query.get("grant_type") != "authorization_code":
            raise Refused(40002)
        return self._tokens.check_secret(call.query.get("appid"), call.query.get("secret"))

    def _use_code(self, call: ApiCall, name: str) -> str:
        code = call.query.get(name, "")
        if not code:
            raise Refused(41008)
        if code in self._used_codes:
            raise Refused(40163, "code been used")
        self._used_codes.add(code)
        return code

    def _openid(self, account: SandboxAccount, code: str) -> str:
        return f"o{account.app_id[-8:]}{zlib.crc32(code.encode()):08x}sandbox"

    def _user_tokens(self, openid: str) -> Answer:
        access_token, refresh_token = self._world.new_id(90), self._world.new_id(90)
        self._users[access_token] = self._users[refresh_token] = openid
        return json_answer(
            {
                "access_token": access_token,
                "expires_in": _LIFE_S,
                "refresh_token": refresh_token,
                "openid": openid,
                "scope": "snsapi_userinfo",
            }
        )

    def _user(self, call: ApiCall) -> str:
        openid = self._users.get(call.query.get("access_token", ""))
        if openid is None:
            raise Refused(40001)
        if openid != call.query.get("openid"):
            raise Refused(40003)
        return openid
