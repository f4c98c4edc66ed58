from core.errors import Text
from wechat.errcodes import IP_NOT_WHITELISTED, Errcode, Errcodes, refused_ip

# By the action that the errcode dictionary names.
_ADVICE = {
    "retry_backoff": Text("微信繁忙或网络波动，稍后重试", "a passing fault at WeChat; try later"),
    "refresh_token": Text(
        "access_token 已失效，wxgate 已自动更换并重试过", "the token failed even after a renewal"
    ),
    "wait_quota": Text("调用次数已用完，等额度恢复", "the quota is spent; wait until it is back"),
    "grant_permission": Text(
        "公众号没有这个接口的权限（未认证的号自 2025-07 起不能用发布接口）",
        "the account lacks this API (unverified ones may not publish since 2025-07)",
    ),
    "whitelist_ip": Text(
        "把 {ip} 填入公众号后台的 IP 白名单", "enter {ip} in the whitelist of WeChat's console"
    ),
}
_MEND = Text("按错误码说明修改请求", "mend the request as the errcode says")


_UNNAMED_IP = Text("errmsg 里的 IP", "the IP of the errmsg")


def advice_for(errcode: Errcode, errmsg: str = "") -> Text:
    """What to do about an errcode of WeChat's; `errmsg` may name the IP that it refused."""
    advice = errcode.hint or _ADVICE.get(errcode.action, _MEND)
    ip = refused_ip(errmsg)
    return Text(
        advice.fill("zh", {"ip": ip or _UNNAMED_IP.zh}),
        advice.fill("en", {"ip": ip or _UNNAMED_IP.en}),
    )


def error_header(errcodes: Errcodes, errcode: int, errmsg: str = "") -> str:
    """The value of X-Wxgate-Error for an errcode that WeChat answered."""
    known = errcodes.get(errcode)
    said = (
        f"{known.category}; source=wechat; action={known.action}; "
        f"retryable={'true' if known.retryable else 'false'}"
    )
    ip = refused_ip(errmsg) if errcode == IP_NOT_WHITELISTED else None
    return f"{said}; ip={ip}" if ip else said
