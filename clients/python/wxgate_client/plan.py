"""What there is to do: files held against what is remembered of them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from wxgate_client.calls import idempotency_key
from wxgate_client.local_article import LocalArticle, LocalBundle
from wxgate_client.memory import Entry, Memory
from wxgate_client.spelling import one_spelling

Draft = LocalArticle | LocalBundle
# new, changed: to be sent; publish: its draft is as it should be, and is to be published;
# unchanged: nothing to do; unreadable: one of its files cannot be read.
Kind = Literal["new", "changed", "publish", "unchanged", "unreadable"]

_PUBLISHED = ("published", "mass_sent", "draft_ready")  # as far as its account can go


@dataclass(frozen=True)
class Wish:
    """What is to be done with the files."""

    action: str = "draft"  # draft, publish
    publish_at: str = ""  # RFC 3339
    skip_late_s: float | None = None  # not published later than that; None: however late
    article_type: str = ""  # news, newspic; "": what each says itself
    force: bool = False  # though nothing changed
    again: str = ""  # any new text: make another draft, though there is one
    repeat: bool = False  # publish it though the account published the same of late

    @property
    def when(self) -> str:
        """Its time, and how late at most: the same for what is the same."""
        late = "" if self.skip_late_s is None else f" +{self.skip_late_s:g}s"
        return self.publish_at + late


@dataclass(frozen=True)
class Step:
    """A draft, what is known of it and what there is to do."""

    draft: Draft
    name: str  # in the memory
    memory: Memory
    kind: Kind
    hash: str = ""
    files: tuple[tuple[str, str], ...] = ()  # path in the text, SHA-256
    size: int = 0  # of its pictures, bytes
    moved_from: str = ""
    problem: str = ""  # why it is unreadable

    @property
    def entry(self) -> Entry | None:
        """What is remembered of it."""
        return self.memory.get(self.name)

    def pictures(self) -> dict[str, Path]:
        """Its pictures by their SHA-256."""
        return {sha256: self.draft.pictures[name] for name, sha256 in self.files}


@dataclass(frozen=True)
class Plan:
    """All steps, and the files that are remembered and gone."""

    steps: tuple[Step, ...]
    gone: tuple[tuple[str, Entry], ...] = ()

    @property
    def to_do(self) -> list[Step]:
        """The steps with something to do."""
        return [step for step in self.steps if step.kind in ("new", "changed", "publish")]


def make_plan(
    drafts: Sequence[tuple[Draft, Memory]], wish: Wish, folders: Iterable[Path] = ()
) -> Plan:
    """Hash all files and say what there is to do. `folders` are looked at for what is gone."""
    steps = [_look(draft, memory, wish) for draft, memory in drafts]
    here = {(id(step.memory), step.name) for step in steps}
    memories = {id(step.memory): step.memory for step in steps}
    gone = {
        (key, name): memory
        for key, memory in memories.items()
        for name in memory
        if (key, name) not in here and not _is_there(memory, name)
    }
    steps = [_found_again(step, gone, wish) for step in steps]
    roots = [(folder, folder.absolute()) for folder in folders]
    told = []
    for (_, name), memory in gone.items():
        entry, file = memory.get(name), memory.root / name
        inside = (folder / file.relative_to(root) for folder, root in roots if root in file.parents)
        if entry and (shown := next(inside, None)):
            told.append((str(shown), entry))
    return Plan(tuple(steps), tuple(told))


def name_of(draft: Draft, memory: Memory) -> str:
    """What a draft is remembered by."""
    return " + ".join(memory.name(path) for path in draft.paths)


def _is_there(memory: Memory, name: str) -> bool:
    """Whether all files of a draft exist; those of a bundle are joined in its name."""
    files = (memory.root / each for each in name.split(" + "))
    return (memory.root / name).exists() or all(file.exists() for file in files)


def _look(draft: Draft, memory: Memory, wish: Wish) -> Step:
    name = name_of(draft, memory)
    try:
        contents = {path: local.read_bytes() for path, local in draft.pictures.items()}
    except OSError as exc:
        problem = f"{exc.filename}: {exc.strerror}"
        return Step(draft, name, memory, "unreadable", problem=problem)
    files = {path: hashlib.sha256(data).hexdigest() for path, data in contents.items()}
    spelt = {one_spelling(path): sha256 for path, sha256 in files.items()}
    step = Step(
        *(draft, name, memory, "new"),
        hash=idempotency_key(draft.fields(wish.article_type), spelt),
        files=tuple(files.items()),
        size=sum({files[path]: len(data) for path, data in contents.items()}.values()),
    )
    return replace(step, kind=_kind(step, step.entry, wish))


def _kind(step: Step, entry: Entry | None, wish: Wish) -> Kind:
    if entry is None or wish.again:
        return "new"
    if entry.hash != step.hash or entry.is_undone or wish.force:
        return "changed"
    if wish.action == "draft" or entry.mode in _PUBLISHED:
        return "unchanged"
    if entry.is_pending and entry.publish_at == wish.when:
        return "unchanged"
    return "publish"


def _found_again(step: Step, gone: dict[tuple[int, str], Memory], wish: Wish) -> Step:
    """The step of a file that was renamed: what was known under its old name counts."""
    if step.entry is not None or wish.again or step.kind == "unreadable":
        return step
    for key, name in list(gone):
        entry = step.memory.get(name)
        if key == id(step.memory) and entry is not None and entry.hash == step.hash:
            del gone[key, name]
            return replace(step, kind=_kind(step, entry, wish), moved_from=name)
    return step


def settle(step: Step) -> None:
    """Take a renamed file's entry over under its new name."""
    if step.moved_from:
        step.memory.move(step.moved_from, step.name)
