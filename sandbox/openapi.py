import re
from typing import Any

from sandbox.answers import Answer, Refused, json_answer, ok
from sandbox.apicall import AccountHandler, ApiCall, OpenHandler
from sandbox.quotas import Quotas
from sandbox.settings import SandboxAccount
from sandbox.tokens import Tokens
from sandbox.world import World
from wechat.catalogue import load_catalogue

_RID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}")
_RID_LIFE_S = 7 * 86_400
# Stands for "as many as you like" where WeChat publishes no limit.
_NO_LIMIT = 10_000_000
# Documentation addresses (RFC 5737): nobody's, so nobody is called by mistake.
_API_IPS = ["203.0.113.10", "203.0.113.11"]
_CALLBACK_IPS = ["198.51.100.20", "198.51.100.21"]


class OpenApi:
    """Self-inspection: quotas, request ids, WeChat's own addresses."""

    def __init__(self, world: World, quotas: Quotas, tokens: Tokens) -> None:
        self._world = world
        self._quotas = quotas
        self._tokens = tokens

    def handlers(self) -> dict[str, AccountHandler]:
        """The calls with an access_token."""
        return {
            "/cgi-bin/clear_quota": self.clear,
            "/cgi-bin/openapi/quota/get": self.quota,
            "/cgi-bin/openapi/quota/clear": self.clear_path,
            "/cgi-bin/openapi/rid/get": self.rid,
            "/cgi-bin/get_api_domain_ip": self.api_ips,
            "/cgi-bin/getcallbackip": self.callback_ips,
            "/cgi-bin/callback/check": self.callback_check,
        }

    def open_handlers(self) -> dict[str, OpenHandler]:
        """The call that works while no token can be had."""
        return {"/cgi-bin/clear_quota/v2": self.clear_v2}

    def clear(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Start all counters anew, ten times a month."""
        if call.json.get("appid") != account.app_id:
            raise Refused(40013)
        self._quotas.clear_all(account.app_id)
        return ok()

    def clear_v2(self, call: ApiCall) -> Answer:
        """The same by AppID and secret; WeChat's doc shows them in the body and in the query."""
        fields = {**call.query, **(call.json if call.body else {})}
        account = self._tokens.check_secret(fields.get("appid"), fields.get("appsecret"))
        self._quotas.clear_all(account.app_id)
        return ok()

    def quota(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Limit and use of one path."""
        path = self._path(call)
        limit = self._quotas.limit(path)
        limit = _NO_LIMIT if limit is None else limit
        used = self._quotas.used(account.app_id, path)
        quota = {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}
        return ok(quota=quota)

    def clear_path(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Start one counter anew, fifty times a month."""
        self._quotas.clear_path(account.app_id, self._path(call))
        return ok()

    def rid(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """What was asked by a call that failed."""
        rid = call.json.get("rid")
        if not isinstance(rid, str) or not _RID.fullmatch(rid):
            raise Refused(76002)
        seen = next((seen for seen in self._world.calls.seen if seen.rid == rid), None)
        if seen is None:
            raise Refused(76001)
        if seen.account != account.app_id:
            raise Refused(76003)
        if self._world.clock() - seen.at > _RID_LIFE_S:
            raise Refused(76004)
        request: dict[str, Any] = {
            "invoke_time": int(seen.at),
            "cost_in_ms": round(self._world.settings.latency_s * 1000),
            "request_url": f"access_token=***&path={seen.path}",
            "request_body": "",
            "response_body": f'{{"errcode":{seen.errcode}}}',
            "client_ip": seen.client_ip,
        }
        return ok(request=request)

    def api_ips(self, _call: ApiCall, _account: SandboxAccount) -> Answer:
        """Addresses of api.weixin.qq.com."""
        return json_answer({"ip_list": _API_IPS})

    def callback_ips(self, _call: ApiCall, _account: SandboxAccount) -> Answer:
        """Addresses that pushes come from."""
        return json_answer({"ip_list": _CALLBACK_IPS})

    def callback_check(self, call: ApiCall, _account: SandboxAccount) -> Answer:
        """A network check of the callback address that finds all well."""
        action, operator = call.json.get("action"), call.json.get("check_operator", "DEFAULT")
        if action not in ("dns", "ping", "all"):
            raise Refused(40201, "invalid action")
        if operator not in ("CHINANET", "UNICOM", "CAP", "DEFAULT"):
            raise Refused(40202, "invalid check_operator")
        dns = [{"ip": _CALLBACK_IPS[0], "real_operator": "UNICOM"}]
        ping = [
            {
                "ip": _CALLBACK_IPS[0],
                "from_operator": "CAP",
                "package_loss": "0%",
                "time": "23.079ms",
            }
        ]
        parts = {"dns": dns, "ping": ping}
        return json_answer({name: parts[name] for name in parts if action in (name, "all")})

    def _path(self, call: ApiCall) -> str:
        path = call.json.get("cgi_path")
        if isinstance(path, str) and path.startswith("/sns/"):
            raise Refused(76022)
        if not isinstance(path, str) or load_catalogue().find(path) is None:
            raise Refused(76021)
        return path
