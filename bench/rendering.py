"""An article against the usual way in JavaScript: python -m bench.rendering [ARTICLE.md].

Both write the same theme of more than 60 rules into the same text: markdown-it + highlight.js +
juice on Node, and our pipeline, which sanitizes besides. Rounds take turns; CPU time, medians.
Installs the JavaScript into a folder that goes afterwards; without npm or a network, ours alone.
"""

import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from cache.stats import CacheStatistics
from content.article import ArticleFields
from content.pipeline import Pipeline
from content.renderer import Renderer
from content.settings import ContentSettings
from content.theming.library import Themes
from content.workers import WorkerPool
from core.metrics import Metrics
from server.rendering import kept_renderings

PACKAGES = ("markdown-it", "markdown-it-footnote", "highlight.js", "juice")
ROUNDS, TIMES, BOUND, REPEATED_BOUND, SIZE_BOUND = 9, 10, 1.0, 0.05, 0.7
HERE = Path(__file__).parent

PROSE = (
    "出口 IP 要在白名单里，**固定 IP** 的主机上转发请求，并统一管理 `access_token`。参见"
    "[官方文档](https://developers.weixin.qq.com/doc/)与 *分布式锁* 的讨论[^1]。https://example.com/a?b=c\n\n"
)
LISTS = """- 第一步
  - 安装 `docker`
  - 配置
- 第二步
- [ ] 待办
- [x] 完成

1. 校验；
2. 转发。

> 提示：提前 **5 分钟** 刷新。

"""
TABLE = """| 接口 | 次数 | 说明 |
|:--|--:|:-:|
| `/token` | 2000 | **获取** |
| `/draft` | 1000 | ~~群发~~ |

"""
PICTURE = '![图](https://mmbiz.qpic.cn/a/640?wx_fmt=png "图")\n\n'
CODE = (
    ("python", "class Cache:\n    def get(self, key: str) -> str | None:\n" * 4),
    ("javascript", "const app = express(); // 启动\napp.listen(3000, () => `on ${1}`);\n" * 3),
    ("bash", 'curl -sS -X POST "$URL" -H "A: b" | jq .\n' * 4),
    ("yaml", "services:\n  redis:\n    image: redis:7\n    ports: [6379]\n"),
    ("json", '{"errcode": 0, "items": [1, 2, true, null, "三"]}\n' * 3),
)


def sample() -> str:
    """20 KB as people write them: 8 sections with lists, tables, pictures, code and a footnote."""
    sections = []
    for number in range(8):
        language, code = CODE[number % len(CODE)]
        block = f"```{language}\n{code}```\n\n"
        parts = (f"## {number + 1}. 一节\n\n", PROSE * 7, LISTS, PICTURE, "### 代码\n\n", block)
        sections.append("".join(parts) + PROSE * 4 + (TABLE if number % 2 else ""))
    return "# 标题\n\n" + "".join(sections) + "[^1]: 脚注。\n"


def arguments(text: str) -> dict[str, object]:
    """A request of Renderer."""
    return {
        "markdown": text,
        "html": None,
        "defaults": {"theme": "rendering", "code_theme": "default"},
        "given": {},
        "default_options": {},
        "options": {},
        "lexicon": "",
        "length_rule": "text",
        "max_images": 100,
        "themes_dir": str(HERE),
    }


def ours(pipeline: Pipeline, text: str) -> dict[str, float]:
    """CPU milliseconds and bytes of our HTML."""
    begun = time.process_time()
    for _ in range(TIMES):
        content = pipeline.run(arguments(text))["content"]
    return {"ms": (time.process_time() - begun) * 1000 / TIMES, "bytes": len(content.encode())}


def javascript(stack: ExitStack, folder: Path, text: str) -> subprocess.Popen[str] | None:
    """Node with the packages and the article loaded; None where it cannot be had."""
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES]
    if shutil.which("npm") is None or subprocess.run(install, cwd=folder, check=False).returncode:
        print("no npm, or no network: ours alone")
        return None
    (folder / "article.md").write_text(text, "utf-8")
    (folder / "theme.css").write_text(Themes().sheet("rendering", HERE).css, "utf-8")
    shutil.copy(HERE / "markdown.mjs", folder)
    node = subprocess.Popen(
        ["node", "markdown.mjs", "article.md", "theme.css"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stack.callback(node.wait)
    stack.callback(node.kill)
    return node


def theirs(node: subprocess.Popen[str]) -> dict[str, float]:
    """CPU milliseconds and bytes of their HTML."""
    assert node.stdin is not None
    assert node.stdout is not None
    print(TIMES, file=node.stdin, flush=True)
    answer: dict[str, float] = json.loads(node.stdout.readline())
    return answer


async def repeated(text: str) -> float:
    """CPU milliseconds of the serving process for an article that was rendered before."""
    settings = ContentSettings(theme="rendering", themes_dir=str(HERE))
    workers = WorkerPool(settings.worker_limits(), size=1)
    renderer = Renderer(workers, settings, kept_renderings(settings, CacheStatistics(Metrics())))
    fields = ArticleFields(markdown=text)
    await renderer.render(fields)
    begun = time.process_time()
    for _ in range(100):
        await renderer.render(fields)
    spent = (time.process_time() - begun) * 10
    await workers.aclose()
    return spent


def main() -> bool:
    """Whether the bounds hold."""
    text = Path(sys.argv[1]).read_text("utf-8") if len(sys.argv) > 1 else sample()
    rules = Themes().sheet("rendering", HERE).css.count("{")
    pipeline = Pipeline()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        node = javascript(stack, folder, text)
        rounds = [(ours(pipeline, text), theirs(node) if node else None) for _ in range(ROUNDS + 1)]
    mine = statistics.median(our["ms"] for our, _ in rounds[1:])  # the first warms up
    again = asyncio.run(repeated(text))
    size = rounds[-1][0]["bytes"]
    print(f"{len(text.encode())} bytes of Markdown, {rules} rules: {mine:.1f} ms, {size:.0f} bytes")
    print(f"repeated: {again:.2f} ms")
    if node is None:
        return True
    other = statistics.median(their["ms"] for _, their in rounds[1:] if their)
    their_size = rounds[-1][1]["bytes"] if rounds[-1][1] else 1
    print(f"markdown-it + highlight.js + juice: {other:.1f} ms, {their_size:.0f} bytes")
    held = True
    for name, ratio, bound in (
        ("time", mine / other, BOUND),
        ("repeated", again / other, REPEATED_BOUND),
        ("HTML", size / their_size, SIZE_BOUND),
    ):
        print(f"{name}: {ratio:.3f} × (bound {bound})")
        held &= ratio <= bound
    return held


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
