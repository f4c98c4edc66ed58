import html
import re
from datetime import datetime
from importlib import resources

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.clock import SHANGHAI
from sandbox.filters import WECHAT_IMAGE
from sandbox.models import Article, Page
from sandbox.pictures import sniff
from sandbox.publisher import Publisher
from sandbox.world import World

_SAMPLE_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_SAMPLE_NAME = re.compile(r"[a-z0-9-]+\.(png|jpg|webp)")
# Nothing may run or load from elsewhere: what a page shows is what the sandbox keeps.
_POLICY = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'"

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{digest}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
body {{ margin: 0; background: #fff; color: rgba(0, 0, 0, .9);
  font: 17px/1.6 system-ui, -apple-system, "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei",
    "Noto Sans CJK SC", sans-serif; }}
main {{ max-width: 677px; margin: 0 auto; padding: 20px 16px 40px; overflow-wrap: break-word; }}
h1.title {{ font-size: 22px; line-height: 1.4; margin: 0 0 14px; font-weight: 500; }}
p.meta {{ font-size: 15px; color: rgba(0, 0, 0, .3); margin: 0 0 22px; }}
p.meta b {{ color: #576b95; font-weight: 400; }}
p.note {{ background: #fff7e6; color: #8a5a00; font-size: 14px; margin: 0; padding: 8px 16px; }}
img {{ max-width: 100%; height: auto; }}
table {{ border-collapse: collapse; }}
footer {{ margin-top: 32px; font-size: 14px; color: rgba(0, 0, 0, .3); }}
</style>
</head>
<body>
{note}<main>
<h1 class="title">{title}</h1>
<p class="meta">{author} <b>{account}</b> {date}</p>
<article>{content}</article>
<footer>{source}</footer>
</main>
</body>
</html>
"""
_PREVIEW_NOTE = '<p class="note">草稿预览，链接是临时的 · A draft\'s temporary preview</p>\n'
_GONE = "<!doctype html><meta charset=utf-8><title>已删除</title><p>该内容已被发布者删除</p>"


class Pages:
    """What a reader's browser gets: articles, previews of drafts, pictures, the sample's files."""

    def __init__(self, world: World, publisher: Publisher) -> None:
        self._world = world
        self._publisher = publisher

    async def article(self, request: Request) -> Response:
        """The page of a published article or of a draft."""
        self._publisher.settle()
        page = self._world.pages.get("", request.path_params["page"])
        article = None if page is None else self._article(page)
        headers = {"Content-Security-Policy": _POLICY}
        if page is None or article is None or article.is_deleted:
            return HTMLResponse(_GONE, status_code=404, headers=headers)
        return HTMLResponse(self._render(page, article), headers=headers)

    async def picture(self, request: Request) -> Response:
        """The bytes behind a URL on WeChat's picture host."""
        data = self._world.blobs.get(request.path_params["path"])
        if data is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "max-age=2592000", "X-Content-Type-Options": "nosniff"}
        media_type = sniff(data) or "application/octet-stream"
        return Response(data, media_type=media_type, headers=headers)

    async def sample(self, request: Request) -> Response:
        """A picture of the sample article, as some web site would serve it."""
        name = request.path_params["name"]
        found = _SAMPLE_NAME.fullmatch(name)
        file = resources.files("sandbox").joinpath("sample", name)
        if found is None or not file.is_file():
            return Response(status_code=404)
        return Response(file.read_bytes(), media_type=_SAMPLE_TYPES[found.group(1)])

    def _article(self, page: Page) -> Article | None:
        shelf = self._world.drafts if page.kind == "draft" else self._world.publications
        holder = shelf.get(page.account, page.id)
        return None if holder is None else holder.articles[page.index]

    def _render(self, page: Page, article: Article) -> str:
        account = self._world.account(page.account)
        holder = self._world.publications.get(page.account, page.id)
        at = holder.update_time if holder is not None else self._world.clock()
        day = datetime.fromtimestamp(at, SHANGHAI)
        texts = {
            "title": article.title,
            "digest": article.digest,
            "author": article.author,
            "account": account.name if account is not None else "",
            "date": f"{day.year}年{day.month}月{day.day}日",
            "source": f"阅读原文 {article.content_source_url}"
            if article.content_source_url
            else "",
        }
        escaped = {name: html.escape(text) for name, text in texts.items()}
        note = _PREVIEW_NOTE if page.kind == "draft" else ""
        # The API's URLs name WeChat's host; a browser here gets the same bytes from the sandbox.
        text = article.content
        if article.article_type == "newspic":
            text = text.replace("\n", "<br>")
        content = WECHAT_IMAGE.sub("/mmbiz/", text + self._pictures(page, article))
        return _PAGE.format(content=content, note=note, **escaped)

    def _pictures(self, page: Page, article: Article) -> str:
        materials = self._world.materials
        pictures = [materials.get(page.account, media_id) for media_id in article.image_media_ids]
        urls = [picture.url for picture in pictures if picture is not None]
        return "".join(f'<p><img src="{html.escape(url)}" alt=""></p>' for url in urls)
