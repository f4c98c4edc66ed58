"""What models read about each tool: it is all that they know of wxgate."""

from dataclasses import dataclass

from core.errors import Text


@dataclass(frozen=True, slots=True)
class About:
    """One tool: its name, and when and how to use it."""

    name: str
    title: Text
    description: Text


RENDER = About(
    "render",
    Text("排版", "Render"),
    Text(
        "把 Markdown（或 HTML）排成微信的样子，只看效果：标题、摘要、字数、警告。"
        "不访问微信，不建草稿。默认不返回 HTML。",
        "Lay an article (Markdown or HTML) out as WeChat would show it, without "
        "touching WeChat: its title, digest, length and warnings. Makes no draft. The "
        "HTML is left out unless include_html is true.",
    ),
)
LINT = About(
    "lint",
    Text("检查", "Check an article"),
    Text(
        "对照微信的限制检查文章（标题长度、封面、外链、不支持的标签……），"
        "每条都带改法。建草稿之前先调用；level 为 error 的要先改。",
        "Check an article against WeChat's limits (title length, cover, links, banned "
        "markup …); each finding says how to mend it. Call it before create_draft and "
        "mend findings of level error first.",
    ),
)
LIST_THEMES = About(
    "list_themes",
    Text("主题", "Themes"),
    Text(
        "列出可用的主题：kind 为 article 的填 theme，kind 为 code 的填 code_theme。",
        "List the themes: those of kind article go into `theme` of an article, those "
        "of kind code into `code_theme`.",
    ),
)
EXPLAIN_ERRCODE = About(
    "explain_errcode",
    Text("解释微信错误码", "Explain an errcode"),
    Text(
        "解释微信的错误码或 errmsg：含义、原因、怎么办。看到不懂的 errcode 时调用。",
        "Explain an errcode or errmsg of WeChat's: what it means and what to do. Call "
        "it whenever you meet one you do not know.",
    ),
)
LIST_ACCOUNTS = About(
    "list_accounts",
    Text("有哪些公众号", "Official accounts"),
    Text(
        "列出这个密钥可用的微信公众号：能否发布（capabilities.freepublish）、"
        "今天各接口还剩多少次。不知道 account 该填什么时先调用它。",
        "List the WeChat Official Accounts this key may use: whether each may publish "
        "(capabilities.freepublish) and how many calls WeChat still allows today. "
        "Call it first when you do not know what to pass as `account`.",
    ),
)
LIST_DRAFTS = About(
    "list_drafts",
    Text("草稿箱", "Drafts"),
    Text(
        "列出草稿箱里的草稿，新的在前；q 按标题搜索，cursor 翻页。"
        "id 就是 publish、schedule 和 create_draft 的 update 要的 media_id。",
        "List the drafts in the draft box, last changed first; q searches titles, "
        "cursor turns the page. Their id is the media_id that publish, schedule and "
        "the argument update of create_draft want.",
    ),
)
LIST_MATERIALS = About(
    "list_materials",
    Text("素材库", "Materials"),
    Text(
        "列出素材库里的永久素材（图片、视频、语音）；图片的 id 可作 cover。",
        "List the permanent materials (pictures, videos, voice); the id of a picture "
        "may be the cover of an article.",
    ),
)
CREATE_DRAFT = About(
    "create_draft",
    Text("建草稿", "Create a draft"),
    Text(
        "把文章放进公众号草稿箱（不会发布，读者看不到）。图片用 URL、data: URI 或 "
        "media_id。同样的内容再调用一次得到同一个任务，不会重复建。"
        "成功后 result.media_id 就是草稿。先用 lint 检查。",
        "Put an article into the account's draft box; nothing is published and no "
        "reader sees it. Pictures are URLs, data: URIs or media_ids. Calling it again "
        "with the same content gives the same job and no second draft. Afterwards "
        "result.media_id is the draft. Lint it first.",
    ),
)
PUBLISH = About(
    "publish",
    Text("发布草稿", "Publish a draft"),
    Text(
        "现在发布一篇草稿：公开可见，无法撤回原样。必须先得到用户明确同意。"
        "approval 为 pending 表示要等另一个人批准，告诉用户即可，不要重试。"
        "个人号与未认证号不能发布，result.mode 为 draft_ready，"
        "把 next_steps 转告用户。",
        "Publish a draft now, for everybody to see; it cannot be undone. Ask your user "
        "first. approval=pending means that another person has to approve: tell your "
        "user, do not call again. Accounts that may not publish end in "
        "result.mode=draft_ready: pass result.next_steps on to your user.",
    ),
)
SCHEDULE = About(
    "schedule",
    Text("定时发布", "Schedule a draft"),
    Text(
        "到指定时间发布一篇草稿。其间草稿被改动则不发布（if_changed）。必须先得到用户明确同意。",
        "Publish a draft at a given time. If somebody changes the draft until then it "
        "is not published (if_changed). Ask your user first.",
    ),
)
JOB_STATUS = About(
    "job_status",
    Text("任务状态", "Job status"),
    Text(
        "查看任务到哪一步了。state 为 succeeded、failed、cancelled、partly_failed、"
        "needs_review 时已结束；needs_review 要请人来看，不要重做。用 wait_s 等，"
        "不要反复查询。",
        "See how far a job is. succeeded, failed, cancelled, partly_failed and "
        "needs_review are final; needs_review wants a person: do not do it over. Wait "
        "with wait_s instead of asking again and again.",
    ),
)
