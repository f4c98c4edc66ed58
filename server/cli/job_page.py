from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

# What is shown was made by others: it loads pictures and runs nothing.
_PAGE = """\
<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'">
<title>{title}</title>
</head>
<body style="max-width:677px;margin:24px auto;padding:0 16px">
{articles}
</body>
</html>
"""
_ARTICLE = "<h1>{title}</h1>\n<p>{digest}</p>\n<section>{body}</section>"


def write_page(file: str, preview: Mapping[str, Any]) -> None:
    """Write that page to a file."""
    Path(file).write_text(page(preview), "utf-8")


def page(preview: Mapping[str, Any]) -> str:
    """What GET /v1/jobs/{job_id}/preview shows, as a page of its own."""
    articles = preview["articles"]
    return _PAGE.format(
        title=escape(" · ".join(article["title"] for article in articles)),
        articles="\n<hr>\n".join(map(_article, articles)),
    )


def _article(article: Mapping[str, Any]) -> str:
    text = f'<p style="white-space:pre-wrap">{escape(article["text"])}</p>'
    return _ARTICLE.format(
        title=escape(article["title"]),
        digest=escape(article["digest"]),
        body=article["html"] or text,
    )
