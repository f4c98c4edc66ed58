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

# Of the fields that tools take; what they say in English stands with each of them.
FIELDS = {
    "account": "公众号的名字或 AppID，见 list_accounts；只有一个时可省略",
    "another": "同样的内容建过草稿，也再建一篇",
    "article_type": "news 图文，newspic 小绿书（图片加纯文字）",
    "articles": "一次多图文的 1–8 篇，第一篇是头条；每篇用上面的字段，外面就不再写",
    "author": "≤16 字",
    "captions": "把图片的 title 显示在图下",
    "card_type": "0 大卡片（图文），1 小卡片，2 文字链接，3 条卡片（小绿书）",
    "cjk_punctuation": "中文后的半角标点换成全角",
    "code_header": "代码块顶上加 Mac 窗口的三个圆点",
    "code_line_numbers": "代码加行号",
    "code_theme": "代码配色，见 list_themes 里 kind 为 code 的",
    "code_wrap": "长行折行，不横向滚动",
    "content_source_url": "“阅读原文”的地址",
    "cover": "封面：URL、data: URI 或 media_id；不给就用第一张图，再没有就按标题画一张",
    "cover_crop": "列表里显示封面的哪一部分：细节最多处、正中，或由微信定",
    "crops": "封面在各比例下的裁剪框 [x1, y1, x2, y2]，0 到 1",
    "cursor": "上一页的 next_cursor",
    "digest": "摘要，≤128 字；不给就取正文开头",
    "emoji": "把 :smile: 换成表情",
    "html": "现成的 HTML，≤1 MB；与 markdown 二选一",
    "idempotency_key": "键相同就是同一次调用；不给就看内容是否相同",
    "ids": "只要这些",
    "if_changed": "其间有人改了草稿怎么办",
    "if_late": "错过时间怎么办：照样发布，或超过 max_late_s 就跳过",
    "image_failure": "取不到的图：让文章失败、保留原地址（微信会去掉），或显示占位图",
    "image_max_width": "更宽的图缩小到这么多像素；0 为不缩",
    "image_quality": "重新编码的图片质量",
    "images": "小绿书的 1–20 张图，第一张是封面：URL、data: URI 或 media_id",
    "include_html": "连 HTML 一起返回；很长，建草稿不需要它",
    "job_id": "别的工具的应答里给出",
    "limit": "最多几项",
    "link_references": "把微信会去掉的链接编号列在文末",
    "markdown": "CommonMark 加 GFM，≤64 KB；与 html 二选一",
    "math": "公式：正文中的 SVG、PNG，或照原样",
    "max_late_s": "skip 时最多可晚几秒",
    "media_id": "草稿的 media_id，见 create_draft 和 list_drafts",
    "mend": "意思不变时，修好 lint 查出的问题",
    "mermaid": "图表：PNG、正文中的 SVG，或照原样",
    "need_open_comment": "打开评论",
    "only_fans_can_comment": "只有关注者可以评论",
    "options": "怎么排版；没给的用网关的设置",
    "product_id": "微信小店的商品",
    "products": "商品卡片，≤50",
    "publish_at": "带时区的 RFC 3339 时间，一年以内",
    "q": "标题或名称里的字",
    "refresh": "先问微信，不用这里记着的",
    "repeat": "同样的内容近期发布过，也再发布",
    "smart_quotes": "直引号换成弯引号",
    "source_id": "来源，例如文件路径：上次由它建的草稿会被改写，不另建",
    "space_cjk": "中文与西文之间加空格",
    "tag": "归在这个标签下的",
    "tags": "给任务加的标签",
    "template": "生成 Markdown 的模板：名字，或 名字@版本",
    "text": "错误码、完整的 errmsg，或其中几个字",
    "theme": "主题，见 list_themes；不给就用网关的默认主题",
    "title": "≤32 字；不给就用第一个标题",
    "type": "只要这几种素材",
    "update": "要改写的草稿的 media_id",
    "updated_after": "RFC 3339 时间，从它起",
    "updated_before": "RFC 3339 时间，到它之前",
    "variables": "填进模板的值",
    "wait_s": "最多等几秒；任务照样进行",
}
