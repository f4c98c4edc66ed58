from collections.abc import Mapping

from core.errors import Text
from notify.events import EventName

# What to do about it, for those who are told; of what only informs there is nothing to do.
ADVICE: Mapping[EventName, Text] = {
    "job.partly_failed": Text(
        "看报告里失败的各项，改好后重试它们", "look at what failed in its report, mend it and retry"
    ),
    "job.failed": Text(
        "按原因改好，再用 wxgate jobs retry 重试",
        "mend what it names, then wxgate jobs retry",
    ),
    "job.needs_review": Text(
        "到公众号后台看这篇有没有发出去，再用 wxgate jobs resolve 说明；在此之前不会重发",
        "see in WeChat's console whether it was published, then say so by wxgate jobs resolve;"
        " until then nothing is sent again",
    ),
    "job.approval_wanted": Text(
        "看过预览后用 wxgate jobs approve 批准", "look at its preview, then wxgate jobs approve"
    ),
    "draft.ready": Text(
        "这个公众号不能用接口发表：到公众号后台的草稿箱点“发表”",
        "this account may not publish by API: press publish in the drafts of WeChat's console",
    ),
    "publish.failed": Text(
        "微信给出的原因见任务；改好后重新提交",
        "the job tells WeChat's reason; mend it, hand it in anew",
    ),
    "token.conflict": Text(
        "还有程序在直接向微信取 access_token：让它改用网关，或换掉 AppSecret",
        "another program asks WeChat for tokens: let it use the gateway, or exchange the AppSecret",
    ),
    "account.ip_refused": Text(
        "把这个 IP 填入微信开发者平台 → 公众号 → 开发密钥 → API IP 白名单，约 10 分钟内生效",
        "enter the IP on WeChat's developer platform (公众号 → 开发密钥 → API IP 白名单); it counts"
        " within about 10 minutes",
    ),
    "quota.near": Text(
        "今天的额度快用完：看 wxgate stats quota，停掉不急的调用",
        "see wxgate stats quota, and stop calls that can wait",
    ),
    "quota.spent": Text(
        "北京时间零点恢复；急用可到公众号后台清零（每月十次）",
        "it is back at midnight in Beijing; WeChat's console can clear it, ten times a month",
    ),
    "breaker.open": Text(
        "微信恢复后会自动继续；用 wxgate doctor 看是不是本机的网络",
        "calls go on when WeChat is back; wxgate doctor tells whether it is your own network",
    ),
    "calls.error_rate": Text(
        "看 wxgate stats calls 是哪个接口、哪个错误码", "wxgate stats calls shows which and why"
    ),
    "calls.latency": Text(
        "看 wxgate doctor 里到微信的耗时", "wxgate doctor shows how long WeChat takes"
    ),
    "calls.anomaly": Text(
        "看 wxgate stats calls 是谁在调用；可疑就撤销它的密钥",
        "wxgate stats calls shows who calls; revoke a key that you do not trust",
    ),
    "disk.near": Text(
        "清理磁盘，或缩短保留时间", "free some space, or keep things for a shorter time"
    ),
    "disk.full": Text(
        "尽快清理磁盘：新的上传与批量已暂停，已收下的任务继续",
        "free space soon: new uploads and batches are refused, accepted jobs go on",
    ),
    "key.created": Text("不是你们做的就立刻撤销", "revoke it at once unless it was you"),
    "backup.failed": Text(
        "按原因改好，再运行 wxgate backup", "mend what it names, then run wxgate backup"
    ),
    "replica.gone": Text(
        "它的任务已由其他实例接手；看那台机器为什么停了",
        "the others have taken its jobs over; see why it stopped",
    ),
    "notification.dead": Text(
        "用 wxgate channels test 试这个渠道，再用 wxgate notifications resend 重发",
        "try the channel by wxgate channels test, then wxgate notifications resend",
    ),
    "channel.down": Text(
        "其余账号在代发；检查这个账号的密码与额度",
        "the other accounts send meanwhile; check its password and limits",
    ),
    "alert.escalated": Text(
        "处理后 wxgate alerts acknowledge；不想再被打扰用 wxgate alerts silence",
        "see to it and run wxgate alerts acknowledge; wxgate alerts silence keeps it quiet",
    ),
}
