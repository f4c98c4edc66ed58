from collections.abc import Mapping
from typing import Any

from core.errors import Language, Text

# What the data of happenings are called where people read them; others keep their own names.
LABELS: Mapping[str, Text] = {
    "account": Text("公众号", "account"),
    "job_id": Text("任务", "job"),
    "id": Text("编号", "id"),
    "title": Text("标题", "title"),
    "kind": Text("类型", "kind"),
    "state": Text("状态", "state"),
    "reason": Text("原因", "reason"),
    "error": Text("原因", "reason"),
    "code": Text("错误码", "code"),
    "errcode": Text("微信错误码", "errcode"),
    "errmsg": Text("微信说", "WeChat says"),
    "hint": Text("怎么办", "what to do"),
    "items": Text("各项", "items"),
    "article_url": Text("文章链接", "article"),
    "app_id": Text("AppID", "AppID"),
    "new": Text("新密钥", "new key"),
    "ended": Text("失效的密钥", "ended keys"),
    "ip": Text("IP", "IP"),
    "path": Text("接口", "path"),
    "family": Text("接口", "family"),
    "used": Text("已用", "used"),
    "limit": Text("上限", "limit"),
    "percent": Text("百分比", "percent"),
    "host": Text("主机", "host"),
    "replica": Text("实例", "replica"),
    "client": Text("客户端", "client"),
    "client_id": Text("客户端", "client"),
    "actor": Text("操作者", "by"),
    "action": Text("操作", "action"),
    "keys": Text("改动的项", "keys"),
    "channel": Text("渠道", "channel"),
    "sender": Text("发信账号", "sender"),
    "calls": Text("调用", "calls"),
    "errors": Text("错误", "errors"),
    "usual": Text("平常", "usual"),
    "free": Text("剩余空间", "free"),
    "until": Text("直到", "until"),
    "count": Text("次数", "count"),
    "slow": Text("慢的调用", "slow calls"),
    "mean_ms": Text("平均毫秒", "mean ms"),
    "minutes": Text("最近几分钟", "minutes looked at"),
    "problem": Text("问题", "problem"),
    "event": Text("事件", "event"),
    "severity": Text("级别", "severity"),
    "level": Text("第几次升级", "escalation"),
    "first_at": Text("开始于", "since"),
    "resolved_by": Text("处理人", "resolved by"),
    "alert_id": Text("告警", "alert"),
}


def facts_of(data: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """What is known, as lines for people: {name, value}; nothing that is empty or nested deep."""
    facts = []
    for name, value in data.items():
        shown = _shown(value, language)
        if shown:
            label = LABELS.get(name, Text(name, name))
            facts.append({"name": label.zh if language == "zh" else label.en, "value": shown})
    return facts


def _shown(value: Any, language: Language) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, (_shown(inner, language) for inner in value)))
    if isinstance(value, dict):
        if value.keys() == {"zh", "en"}:  # a text in both languages
            return _shown(value[language], language)
        return ", ".join(f"{name}: {_shown(inner, language)}" for name, inner in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
