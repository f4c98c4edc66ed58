from core.errors import GatewayError, Text


class FrontMatterInvalid(GatewayError):
    """The YAML between the leading `---` lines cannot be used."""

    status = 422
    code = "front_matter_invalid"
    category = "content"
    message = Text("文首的 front matter 有误：{reason}", "the front matter is wrong: {reason}")
    hint = Text(
        "front matter 只写 `名称: 值`，不超过 16 KB，不使用锚点与别名；"
        "options 的名称与值见 docs/zh/configuration.md 的 [content.options]",
        "write plain `name: value` lines, ≤16 KB, without anchors and aliases; "
        "options are in docs/en/configuration.md, [content.options]",
    )


class ThemeUnknown(GatewayError):
    """No theme has this name."""

    status = 422
    code = "theme_unknown"
    category = "params"
    message = Text("没有名为 {name} 的主题", "there is no theme {name}")
    hint = Text("可用的主题：{known}", "themes: {known}")


class CodeThemeUnknown(GatewayError):
    """Pygments has no style of this name."""

    status = 422
    code = "code_theme_unknown"
    category = "params"
    message = Text("没有名为 {name} 的代码配色", "there is no code theme {name}")
    hint = Text("可用的配色：{known}", "code themes: {known}")


class TitleMissing(GatewayError):
    """WeChat wants a title and the article has none."""

    status = 422
    code = "draft_title_missing"
    category = "content"
    message = Text("文章没有标题", "the article has no title")
    hint = Text(
        "传入 title，或在 front matter 里写 title，或以一级标题开头",
        "send a title, put one into the front matter, or begin with a first-level heading",
    )


class TitleTooLong(GatewayError):
    """The title is over WeChat's limit."""

    status = 422
    code = "draft_title_too_long"
    category = "content"
    errcode = 45003
    message = Text(
        "标题有 {count} 个{unit}，上限 {limit}", "the title has {count} {unit_en}, limit {limit}"
    )
    hint = Text("缩短标题", "shorten the title")


class AuthorTooLong(GatewayError):
    """The author's name is over WeChat's limit."""

    status = 422
    code = "draft_author_too_long"
    category = "content"
    errcode = 45110
    message = Text(
        "作者有 {count} 个{unit}，上限 {limit}", "the author has {count} {unit_en}, limit {limit}"
    )
    hint = Text("缩短作者名", "shorten the author's name")


class DigestTooLong(GatewayError):
    """The digest is over WeChat's limit."""

    status = 422
    code = "draft_digest_too_long"
    category = "content"
    errcode = 45004
    message = Text(
        "摘要有 {count} 个{unit}，上限 {limit}", "the digest has {count} {unit_en}, limit {limit}"
    )
    hint = Text("缩短摘要，或留空自动生成", "shorten the digest, or leave it out")


class ContentTooLong(GatewayError):
    """The body is over WeChat's limit."""

    status = 422
    code = "draft_content_too_long"
    category = "content"
    errcode = 45002
    message = Text(
        "正文有 {count} 个{unit}，上限 {limit}", "the content has {count} {unit_en}, limit {limit}"
    )
    hint = Text("把文章拆成几篇", "split the article")


class ContentEmpty(GatewayError):
    """Nothing is left to show."""

    status = 422
    code = "draft_content_empty"
    category = "content"
    errcode = 44004
    message = Text("正文为空", "the content is empty")
    hint = Text("写一点正文", "write something below the title")


class SourceUrlInvalid(GatewayError):
    """The link behind 阅读原文 cannot be used."""

    status = 422
    code = "draft_source_url_invalid"
    category = "content"
    errcode = 41039
    message = Text("原文链接无效", "content_source_url is invalid")
    hint = Text("使用不超过 1 KB 的 http(s) 网址", "use an http(s) URL of at most 1 KB")


class TooManyImages(GatewayError):
    """More different pictures than one article may have."""

    status = 422
    code = "too_many_images"
    category = "content"
    message = Text("文章有 {count} 张图片，上限 {limit}", "{count} pictures, limit {limit}")
    hint = Text("减少图片，或拆成几篇", "use fewer pictures, or split the article")


class SensitiveWords(GatewayError):
    """Words stand in the article that a list says must not."""

    status = 422
    code = "sensitive_words"
    category = "content"
    errcode = 45168
    message = Text("文章有 {count} 处敏感词：{places}", "{count} sensitive words: {places}")
    hint = Text(
        "删去或改写它们；误报可由管理员在词表里设为 allow",
        "leave them out or put them otherwise; where a list is wrong, its keeper can allow a word",
    )


class NewspicWithoutImages(GatewayError):
    """A newspic has no picture."""

    status = 422
    code = "newspic_without_images"
    category = "content"
    message = Text("小绿书没有图片", "the newspic has no picture")
    hint = Text(
        "在 images 里给 1–20 张图片，或在正文里插入图片",
        "give 1 to 20 pictures in images, or put some into the text",
    )


class ProductCardUnsupported(GatewayError):
    """This kind of article has no such product card."""

    status = 422
    code = "product_card_unsupported"
    category = "params"
    errcode = 10170003
    message = Text(
        "{article_type} 不支持商品卡片 card_type {card_type}",
        "{article_type} has no product card of card_type {card_type}",
    )
    hint = Text(
        "news 可用 0 大卡、1 小卡、2 文字链接；newspic 可用 1 小卡、2 文字链接、3 条卡",
        "news: 0 large, 1 small, 2 link; newspic: 1 small, 2 link, 3 bar",
    )


class ProductsAtEnd(GatewayError):
    """More than one product for the one place at the end of a newspic."""

    status = 422
    code = "products_at_end"
    category = "content"
    message = Text("小绿书文末只能放一个商品", "a newspic has one product at its end")
    hint = Text(
        "其余商品用 {{product:ID}} 放进正文", "put the others into the text by {{product:ID}}"
    )


class ProductCardMisplaced(GatewayError):
    """WeChat's card of this product cannot stand where the article wants it."""

    status = 422
    code = "product_card_misplaced"
    category = "content"
    message = Text(
        "微信没有给出能放在这里的商品卡片：{product_id}",
        "WeChat gave no card of product {product_id} for this place",
    )
    hint = Text("换一种 card_type，或换个位置", "take another card_type, or another place")


class MarkdownTooComplex(GatewayError):
    """Rendering took more time or memory than any honest article needs."""

    status = 422
    code = "markdown_too_complex"
    category = "content"
    message = Text("文章过于复杂，无法在限定时间内排版", "the article takes too long to render")
    hint = Text("检查异常的嵌套或重复的符号", "look for runaway nesting or repeated marks")


class MarkdownInvalid(GatewayError):
    """Rendering broke on this text."""

    status = 422
    code = "markdown_invalid"
    category = "content"
    message = Text("文章无法排版", "the article cannot be rendered")
    hint = Text(
        "逐段删减以找出出错的部分，并反馈给管理员",
        "find the passage by leaving parts out, and report it to your operator",
    )


class ExtensionBroken(GatewayError):
    """A rule of the operator's own cannot be loaded."""

    status = 503
    code = "extension_broken"
    category = "gateway"
    retryable = True
    message = Text("扩展 {name} 无法加载：{reason}", "the extension {name} fails to load: {reason}")
    hint = Text(
        "检查 content.extensions：要有函数 use(md)；用 wxgate check-config 验证",
        "see content.extensions: it needs a function use(md); wxgate check-config tries it",
    )


class RenderingBusy(GatewayError):
    """So many articles wait to be rendered that this one would wait too long."""

    status = 503
    code = "rendering_busy"
    category = "gateway"
    retryable = True
    message = Text("排版任务过多，请稍后再试", "too many articles wait to be rendered")
    hint = Text(
        "稍后重试；经常如此时增加 content.workers 或核数",
        "try again soon; if it happens often, give it more cores or raise content.workers",
    )


class ArchiveInvalid(GatewayError):
    """An archive, or something in it, is refused."""

    status = 422
    code = "archive_invalid"
    category = "content"
    message = Text("压缩包里的 {entry}：{zh}", "{entry} in the archive: {en}")
    hint = Text(
        "把文件夹重新打成普通的 ZIP（Deflate，不加密，不含链接与压缩包）；"
        "大的文件夹用 wxgate publish",
        "pack the folder anew as a plain ZIP (Deflate, not encrypted, no links, no archives); "
        "publish large folders by wxgate publish",
    )
