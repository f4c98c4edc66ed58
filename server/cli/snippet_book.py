"""The settings for tools as data: the files of snippet_files/, filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

_FILES = Path(__file__).parent / "snippet_files"
_PLACE = re.compile(r"@(URL|KEY|CLIENT|ACCOUNT|FORWARD)@")
# A line of a text that stands there only where the key is, or is not, written out.
_ONLY = re.compile(r"^%(key|env) ?(.*\n)", re.MULTILINE)


class Shell(StrEnum):
    """What the settings are pasted into, where that makes a difference."""

    BASH = "bash"
    FISH = "fish"
    POWERSHELL = "powershell"
    CMD = "cmd"


class Trial(StrEnum):
    """How far the tests go with a snippet."""

    RUN = "run"  # the text itself, as it is printed
    SENT = "sent"  # what it says is parsed and sent; the tool itself is not there
    PARSED = "parsed"  # the language's own parser reads it
    NO = "no"  # known from the tool's source or documentation alone


_OF_SHELL = {
    Shell.BASH: "$WXGATE_KEY",
    Shell.FISH: "$WXGATE_KEY",
    Shell.POWERSHELL: "$env:WXGATE_KEY",
    Shell.CMD: "%WXGATE_KEY%",
}


@dataclass(frozen=True)
class Snippet:
    """How one tool is pointed here: the contents of a file in snippet_files/."""

    name: str
    title: str
    way: str  # of contract §1: base-url, forward, wenyan, content-api, mcp
    tested: Trial
    zh: str
    en: str
    source: str  # where it is known from
    texts: Mapping[Shell, str]
    also: tuple[str, ...] = ()  # other words for it
    env: str = ""  # how the tool reads the key from the environment; "shell": as the shell does

    def text(
        self, values: Mapping[str, str], shell: Shell = Shell.BASH, *, show_key: bool = True
    ) -> str:
        """The settings with the places filled in; with `show_key` false the key stays out."""
        kept = "key" if show_key else "env"
        text = _ONLY.sub(lambda line: line[2] if line[1] == kept else "", self.texts[shell])
        key = values["KEY"] if show_key else self._instead(values["CLIENT"], shell)
        return _filled(text, {**values, "KEY": key})

    def told(self, values: Mapping[str, str]) -> "Snippet":
        """With the places in what is said of it filled in."""
        told = {**values, "KEY": f"wxg_{values['CLIENT']}_…"}
        return replace(self, zh=_filled(self.zh, told), en=_filled(self.en, told))

    @property
    def reads_environment(self) -> bool:
        """Whether it works without the key being written into it."""
        return bool(self.env) or any("%env" in text for text in self.texts.values())

    def _instead(self, client: str, shell: Shell) -> str:
        if self.env == "shell":
            return _OF_SHELL[shell]
        return self.env or f"wxg_{client}_…"


@dataclass(frozen=True)
class Book:
    """All snippets."""

    snippets: Mapping[str, Snippet] = field(default_factory=dict)

    def find(self, word: str) -> Snippet | None:
        """The one of that name, or the only one that is also called so."""
        word = word.lower()
        if word in self.snippets:
            return self.snippets[word]
        found = [each for each in self.snippets.values() if word in each.also]
        return found[0] if len(found) == 1 else None

    def near(self, word: str) -> list[str]:
        """Names that may have been meant by a word that is none, the nearest first."""
        word = word.lower()
        names = {name: name for name in self.snippets}
        called = [(also, each.name) for each in self.snippets.values() for also in each.also]
        if several := [name for also, name in called if also == word]:
            return several
        known = {**dict(called), **names}
        close = get_close_matches(word, known, n=5, cutoff=0.5)
        return list(dict.fromkeys(known[match] for match in close))


def read_book() -> Book:
    """All of snippet_files/: NAME.txt, and NAME.SHELL.txt for other shells than bash."""
    paths = sorted(path for path in _FILES.glob("*.txt") if "." not in path.stem)
    return Book({path.stem: _read(path) for path in paths})


def _read(path: Path) -> Snippet:
    head, _, text = path.read_text("utf-8").partition("\n---\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    others = {shell: path.with_suffix(f".{shell}.txt") for shell in Shell}
    texts = {shell: other.read_text("utf-8") for shell, other in others.items() if other.exists()}
    if not texts:  # nothing for a shell, so the same in all
        texts = dict.fromkeys(Shell, text)
    return Snippet(
        name=path.stem,
        texts={**texts, Shell.BASH: text},
        tested=Trial(fields.pop("tested")),
        also=tuple(fields.pop("also", "").split()),
        **fields,
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)
