import re
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from content.manuscript import Body, Manuscript

# The only host that WeChat leaves a link to.
_CLICKABLE = re.compile(r"https?://mp\.weixin\.qq\.com(?:[/?#][^\s\x00-\x1f\x7f]*)?")
_HEADING = "参考链接"


def number_links(manuscript: Manuscript, body: Body) -> None:
    """Turn links that WeChat would drop into numbered references at the end.

    A URL has one number however often it is named. Where the text is the URL itself, or the link
    leads nowhere outside (an anchor, a script), only the text stays; so it does everywhere without
    the option `link_references`.
    """
    references: dict[str, tuple[int, str]] = {}
    for link in body.css("a"):
        href = (link.attributes.get("href") or "").strip()
        if is_clickable(href):
            link.attrs["href"] = href
            continue
        text = " ".join(link.text().split())
        wanted = manuscript.options.link_references and is_outside(href)
        if wanted and not says_it_all(text, href):
            number, _ = references.setdefault(href, (len(references) + 1, _name(link, text)))
            mark = body.create_node("sup")
            mark.attrs["class"] = "reference"
            mark.insert_child(f"[{number}]")
            link.insert_after(mark, move=True)
        link.unwrap()
    if references:
        _append(body, references)


def _name(link: LexborNode, text: str) -> str:
    """What the link is called in the list: by its title, its text, or what its picture shows."""
    picture = link.css_first("img")
    shown = picture.attributes.get("alt") if picture is not None else ""
    return " ".join((link.attributes.get("title") or text or shown or "").split())


def _append(body: Body, references: dict[str, tuple[int, str]]) -> None:
    section = body.create_node("section")
    section.attrs["class"] = "references"
    _add_line(body, section, _HEADING).attrs["class"] = "references-title"
    for url, (number, name) in references.items():
        address = url.removeprefix("mailto:")
        _add_line(
            body, section, f"[{number}] {name}: {address}" if name else f"[{number}] {address}"
        )
    body.append(section)


def _add_line(body: Body, section: LexborNode, line: str) -> LexborNode:
    paragraph = body.create_node("p")
    paragraph.insert_child(line)
    section.insert_child(paragraph, move=True)
    return paragraph


def is_clickable(href: str) -> bool:
    """Whether WeChat leaves a link to `href`."""
    return _CLICKABLE.fullmatch(href) is not None


def is_outside(href: str) -> bool:
    """Whether `href` leads to another site or to a mailbox."""
    return href.lower().startswith(("http://", "https://", "mailto:"))


def says_it_all(text: str, href: str) -> bool:
    """Whether a link's text is its address."""
    url = unquote(href).rstrip("/")
    return unquote(text).rstrip("/") in (url, url.partition(":")[2].lstrip("/"))
