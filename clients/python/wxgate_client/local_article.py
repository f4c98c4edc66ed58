import mimetypes
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from wxgate_client.sniff import HEAD_BYTES, holds_picture
from wxgate_client.spelling import one_spelling

# An over-inclusive look for what may be a local picture: Markdown images, reference
# definitions, <img src>, and the front matter's cover. A file that is not there is not sent,
# and the gateway's parser has the last word on what the article uses.
_REFERENCES = re.compile(
    r"!\[[^\]]*\]\(\s*(?:<([^>\n]+)>|([^)>\s]+))"
    r"|^\s{0,3}\[[^\]]+\]:\s*(?:<([^>\n]+)>|(\S+))"
    r"|<img[^>]+src=[\"']([^\"']+)|^cover:\s*[\"']?([^\"'\n]+?)[\"']?\s*$"
    r"|^[ \t]*-[ \t]+[\"']?([^\"'\n]+\.[A-Za-z]{3,4})[\"']?[ \t]*$",
    re.MULTILINE,
)
_IMAGES = re.compile(r"^images:[ \t]*\[([^\]\n]*)\]", re.MULTILINE)  # the front matter's
_TITLE = re.compile(r"^title:[ \t]*(.+)$|^#[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]+:|/|\\\\|#", re.IGNORECASE)


@dataclass(frozen=True)
class LocalArticle:
    """A Markdown file and the local pictures it names, by the paths used inside of it."""

    path: Path
    markdown: str
    pictures: dict[str, Path]
    outside: tuple[str, ...] = ()  # pictures that are there, but where nothing is sent from
    strange: tuple[str, ...] = ()  # files named like pictures that hold something else
    missing: tuple[str, ...] = ()  # names without a file, or with one that is not named so

    @property
    def name(self) -> str:
        """What people know it by."""
        return str(self.path)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its file."""
        return (self.path,)

    @property
    def title(self) -> str:
        """As a list of articles shows it; the gateway has the last word."""
        found = _TITLE.search(self.markdown)
        told = next(filter(None, found.groups()), "") if found else ""
        return told.strip().strip("\"'") or self.path.stem

    def fields(self, article_type: str) -> dict[str, Any]:
        """What is sent of it; `article_type` "": what its front matter says."""
        kind = {"article_type": article_type} if article_type else {}
        return {"markdown": self.markdown, **kind}


@dataclass(frozen=True)
class LocalBundle:
    """Several Markdown files that become one draft, in their order."""

    articles: tuple[LocalArticle, ...]
    pictures: dict[str, Path]

    @property
    def name(self) -> str:
        """What people know it by."""
        return " + ".join(article.name for article in self.articles)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files."""
        return tuple(article.path for article in self.articles)

    @property
    def title(self) -> str:
        """As a list of articles shows it."""
        return " + ".join(article.title for article in self.articles)

    def fields(self, article_type: str) -> dict[str, Any]:
        """What is sent of it."""
        return {"articles": [article.fields(article_type) for article in self.articles]}


class PictureClash(Exception):
    """Articles of a bundle do not mean the same picture by the same path; the path."""


def bundle(articles: Iterable[LocalArticle]) -> LocalBundle:
    """One draft of several files. Raises PictureClash: their pictures travel side by side.

    So an article that lacks its own `a.png` would show another's, as would one that calls
    `./a.png` what another calls `a.png`.
    """
    several = tuple(articles)
    sent: dict[str, Path] = {}
    for article in several:
        for name, local in article.pictures.items():
            other = sent.setdefault(one_spelling(name), local)
            if not other.samefile(local) and other.read_bytes() != local.read_bytes():
                raise PictureClash(name)
    for article in several:
        for name in (*article.outside, *article.strange, *article.missing):
            if one_spelling(name) in sent:
                raise PictureClash(name)
    pictures = [article.pictures for article in reversed(several)]
    return LocalBundle(several, {name: local for each in pictures for name, local in each.items()})


def load_article(path: Path) -> LocalArticle:
    """Read a Markdown file and find the local pictures it names.

    Nothing else of the disk is ever sent, whatever the article names: only pictures below the
    working directory if the article is in there, else below the article's own folder.
    """
    markdown = path.read_text("utf-8-sig")
    root = _root_of(path).resolve()
    pictures: dict[str, Path] = {}
    outside, strange, missing = [], [], []
    for name in dict.fromkeys(_names(markdown)):
        found = _picture(path.parent, name)
        if found is None:
            missing.append(name)
        elif not found.resolve().is_relative_to(root):
            outside.append(name)
        elif not _holds_picture(found):
            strange.append(name)
        else:
            pictures[name] = found
    return LocalArticle(path, markdown, pictures, tuple(outside), tuple(strange), tuple(missing))


def _root_of(path: Path) -> Path:
    here = Path.cwd()
    return here if path.resolve().is_relative_to(here) else path.parent


def _names(markdown: str) -> Iterator[str]:
    for name in _references(markdown):
        if name and not _ELSEWHERE.match(name):
            yield name


def _references(markdown: str) -> Iterator[str]:
    for groups in _REFERENCES.findall(markdown):
        yield next(group for group in groups if group)
    for listed in _IMAGES.findall(markdown):
        yield from (name.strip(" \t\"'") for name in listed.split(","))


def _picture(folder: Path, name: str) -> Path | None:
    """The picture file that `name` means in an article of `folder`."""
    plain = unquote(name.split("?", 1)[0].split("#", 1)[0]).replace("\\", "/")
    # macOS names files in NFD what editors write in NFC.
    for form in dict.fromkeys(
        (plain, *(unicodedata.normalize(it, plain) for it in ("NFC", "NFD")))
    ):
        local = folder / form
        try:
            is_picture = local.is_file() and is_named_as_picture(local.name)
        except (OSError, ValueError):  # a name too long for the file system, or with a NUL
            continue
        if is_picture:
            return local
    return None


def is_named_as_picture(name: str) -> bool:
    """Whether the name ends as those of pictures do."""
    return (mimetypes.guess_type(name)[0] or "").startswith("image/")


def _holds_picture(path: Path) -> bool:
    """Whether it is a picture by its bytes: a link may lead to anything."""
    with path.open("rb") as file:
        return holds_picture(file.read(HEAD_BYTES))
