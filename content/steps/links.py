from urllib.parse import unquote, urlsplit

from content.manuscript import Body, Manuscript

_CLICKABLE = "mp.weixin.qq.com"  # the only host that WeChat leaves a link to
_HEADING = "参考链接"


def number_links(_manuscript: Manuscript, body: Body) -> None:
    """Turn links that WeChat would drop into numbered references at the end.

    A URL has one number however often it is named. Where the text is the URL itself, or the link
    leads nowhere outside (an anchor, a script), only the text stays.
    """
    references: dict[str, tuple[int, str]] = {}
    for link in body.css("a"):
        href = (link.attributes.get("href") or "").strip()
        if is_clickable(href):
            continue
        text = " ".join(link.text().split())
        if is_outside(href) and not says_it_all(text, href):
            number, _ = references.setdefault(href, (len(references) + 1, text))
            mark = body.create_node("sup")
            mark.attrs["class"] = "reference"
            mark.insert_child(f"[{number}]")
            link.insert_after(mark, move=True)
        link.unwrap()
    if references:
        _append(body, references)


def _append(body: Body, references: dict[str, tuple[int, str]]) -> None:
    section = body.create_node("section")
    section.attrs["class"] = "references"
    lines = [_HEADING]
    lines += [
        f"[{number}] {text}: {url}" if text else f"[{number}] {url}"
        for url, (number, text) in references.items()
    ]
    for line in lines:
        paragraph = body.create_node("p")
        paragraph.insert_child(line)
        section.insert_child(paragraph, move=True)
    body.append(section)


def is_clickable(href: str) -> bool:
    """Whether WeChat leaves a link to `href`."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc == _CLICKABLE


def is_outside(href: str) -> bool:
    """Whether `href` leads to another site or to a mailbox."""
    return href.lower().startswith(("http://", "https://", "mailto:"))


def says_it_all(text: str, href: str) -> bool:
    """Whether a link's text is its address."""
    url = unquote(href).rstrip("/")
    return unquote(text).rstrip("/") in (url, url.partition(":")[2].lstrip("/"))
