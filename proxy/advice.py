from core.errors import Text
from wechat.errcodes import Errcode, Errcodes

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
        "把 errmsg 里的 IP 填入公众号后台的 IP 白名单",
        "enter the IP of the errmsg in the whitelist of WeChat's console",
    ),
}
_MEND = Text("按错误码说明修改请求", "mend the request as the errcode says")


def advice_for(errcode: Errcode) -> Text:
    """What to do about an errcode of WeChat's."""
    return _ADVICE.get(errcode.action, _MEND)


def error_header(errcodes: Errcodes, errcode: int) -> str:
    """The value of X-Wxgate-Error for an errcode that WeChat answered."""
    known = errcodes.get(errcode)
    return (
        f"{known.category}; source=wechat; action={known.action}; "
        f"retryable={'true' if known.retryable else 'false'}"
    )
