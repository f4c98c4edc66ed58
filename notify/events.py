from dataclasses import dataclass
from typing import Literal, get_args

from core.errors import Text
from notify.message import Severity

EventName = Literal[
    "job.succeeded",
    "job.partly_failed",
    "job.failed",
    "job.cancelled",
    "job.needs_review",
    "job.approval_wanted",
    "draft.ready",
    "publish.succeeded",
    "publish.failed",
    "token.conflict",
    "account.ip_refused",
    "quota.near",
    "quota.spent",
    "breaker.open",
    "calls.error_rate",
    "calls.latency",
    "calls.anomaly",
    "disk.near",
    "disk.full",
    "config.changed",
    "key.created",
    "key.revoked",
    "backup.failed",
    "replica.gone",
    "notification.dead",
    "channel.down",
    "alert.escalated",
]


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of happening."""

    severity: Severity
    alerts: bool  # stays open until it is over or somebody says so
    title: Text


EVENTS: dict[EventName, Event] = {
    "job.succeeded": Event("info", False, Text("任务完成", "job done")),
    "job.partly_failed": Event("warning", False, Text("任务部分失败", "job partly failed")),
    "job.failed": Event("error", False, Text("任务失败", "job failed")),
    "job.cancelled": Event("info", False, Text("任务已取消", "job cancelled")),
    "job.needs_review": Event("error", True, Text("任务待人工确认", "job needs review")),
    "job.approval_wanted": Event("warning", False, Text("有任务待批准", "job wants approval")),
    "draft.ready": Event("info", False, Text("草稿已就绪，待手动发表", "draft ready to publish")),
    "publish.succeeded": Event("info", False, Text("已发表", "published")),
    "publish.failed": Event("error", False, Text("发表失败", "not published")),
    "token.conflict": Event(
        "critical", True, Text("有人在抢 access_token", "somebody else forces tokens")
    ),
    "account.ip_refused": Event(
        "critical", True, Text("IP 不在微信白名单（40164）", "IP not whitelisted (40164)")
    ),
    "quota.near": Event("warning", True, Text("接口额度已用八成", "80 % of a quota used")),
    "quota.spent": Event("error", True, Text("接口额度已用完", "a quota is spent")),
    "breaker.open": Event("error", True, Text("微信接口不可用，已熔断", "upstream breaker open")),
    "calls.error_rate": Event("error", True, Text("错误率过高", "high error rate")),
    "calls.latency": Event("warning", True, Text("接口变慢", "high latency")),
    "calls.anomaly": Event("warning", True, Text("调用量异常", "unusual traffic")),
    "disk.near": Event("warning", True, Text("磁盘将满", "disk filling up")),
    "disk.full": Event("critical", True, Text("磁盘已满，暂停新任务", "disk full, no new work")),
    "config.changed": Event("info", False, Text("配置已改动", "configuration changed")),
    "key.created": Event("info", False, Text("新建了密钥", "key made")),
    "key.revoked": Event("warning", False, Text("密钥已撤销", "key revoked")),
    "backup.failed": Event("error", True, Text("备份失败", "backup failed")),
    "replica.gone": Event("error", True, Text("有实例失联", "replica gone")),
    "notification.dead": Event("error", True, Text("通知发送失败", "notification not sent")),
    "channel.down": Event("warning", True, Text("发信账号已停用", "sender disabled")),
    "alert.escalated": Event("critical", False, Text("告警无人处理", "alert not acknowledged")),
}

assert set(EVENTS) == set(get_args(EventName))  # noqa: S101 - a table without a hole
