"""Write the parts of docs/ that repeat the code: settings, commands, errors.

Usage: python scripts/generate_docs.py [--check]. A page holds such a part between the lines
`<!-- generated: NAME -->` and `<!-- end -->`; everything else is written by hand. With --check
nothing is written, and the status is 1 if a page is out of date.
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from core.errors import GatewayError, Language, Text  # noqa: E402 - found through the line above
from proxy.advice import advice_for  # noqa: E402 - the same
from scripts.fault_rows import SECTIONS, FaultRow, read_rows  # noqa: E402
from wechat.errcodes import Errcode, load_errcodes  # noqa: E402

LANGUAGES: tuple[Language, ...] = ("zh", "en")
_PART = re.compile(r"(<!-- generated: (?P<name>.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_SLASH = re.compile(r"(?<=[。） ]) ?/ ")  # between the languages
_CJK = re.compile("[\u4e00-\u9fff]")
_FOLDERS = (
    "accounts", "cache", "content", "core", "fetch", "handlers", "jobs", "notify", "proxy",
    "server", "store", "wechat",
)  # fmt: skip
_HEADS: dict[str, dict[Language, tuple[str, ...]]] = {
    "settings": {"zh": ("键", "默认值", "含义"), "en": ("key", "default", "meaning")},
    "options": {"zh": ("参数", "默认值", "含义"), "en": ("option", "default", "meaning")},
    "errors": {
        "zh": ("code", "HTTP", "errcode", "可重试", "含义", "怎么办"),
        "en": ("code", "HTTP", "errcode", "retryable", "meaning", "what to do"),
    },
    "hints": {
        "zh": ("errcode", "含义", "怎么办"),
        "en": ("errcode", "meaning", "what to do"),
    },
    "errcodes": {
        "zh": ("errcode", "含义", "action"),
        "en": ("errcode", "meaning", "action"),
    },
    "rules": {
        "zh": ("规则", "级别", "说明", "怎么改", "网关代改", "依据"),
        "en": ("rule", "level", "what it says", "what to do", "mended", "source"),
    },
    "snippets": {
        "zh": ("名字", "工具", "走哪个门", "测试里"),
        "en": ("name", "tool", "door", "in the tests"),
    },
    "events": {
        "zh": ("事件", "级别", "告警", "含义", "怎么办"),
        "en": ("event", "severity", "alert", "meaning", "what to do"),
    },
    "faults": {"zh": ("#", "这里会怎样 / what happens here", "守住 / holds", "测试 / tests")},
}


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    stale = []
    for page, text in render_pages():
        if page.read_text("utf-8") == text:
            continue
        stale.append(page.relative_to(ROOT))
        if "--check" not in arguments:
            page.write_text(text, "utf-8")
    for page in stale:
        print(f"{'out of date' if '--check' in arguments else 'written'}: {page}")
    return 1 if stale and "--check" in arguments else 0


def render_pages() -> Iterator[tuple[Path, str]]:
    """Each page with generated parts, and its text as it should be."""
    for language in LANGUAGES:
        for page in sorted((ROOT / "docs" / language).glob("*.md")):
            text = page.read_text("utf-8")
            if _PART.search(text):
                yield page, _PART.sub(_filler(language), text)
    security = ROOT / "docs" / "security.md"  # one page in both languages
    yield security, _PART.sub(_filler("zh"), security.read_text("utf-8"))


def _filler(language: Language) -> Callable[[re.Match[str]], str]:
    def fill(part: re.Match[str]) -> str:
        kind, _, name = part["name"].partition(" ")
        return part[1] + "\n" + _PARTS[kind](name, language) + "\n" + part[3]

    return fill


def _settings(section: str, language: Language) -> str:
    """The keys of one TOML table. The Chinese texts are those of config.example.toml."""
    from server.settings import Settings

    model: type[BaseModel] = Settings
    for name in section.split("."):
        model = _model_of(model.model_fields[name].annotation)
    # A table inside of this one has a part of its own.
    fields = {
        name: field
        for name, field in model.model_fields.items()
        if not isinstance(field.default, BaseModel)
    }
    chinese = _example_comments().get(section, {}) if language == "zh" else {}
    rows = [
        (f"`{name}`", _default(field), _cell(chinese.get(name) or field.description or ""))
        for name, field in fields.items()
    ]
    return _table(_HEADS["settings"][language], rows)


def _model_of(annotation: Any) -> type[BaseModel]:
    """The model of `Model` or `tuple[Model, ...]`; of a union what its models have in common."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
        if get_origin(candidate) is Annotated:
            return cast(type[BaseModel], get_args(get_args(candidate)[0])[0].__base__)
    raise TypeError(f"no table of settings: {annotation}")


def _channel(kind: str, language: Language) -> str:
    """The keys of one type of channel, without those that all have.

    `email.accounts`: of one entry of its table of that name.
    """
    from notify.channel_settings import ChannelSettings
    from notify.kinds import KINDS

    kind, _, inner = kind.partition(".")
    model: type[BaseModel] = KINDS[kind].settings
    if inner:
        model = _model_of(model.model_fields[inner].annotation)
    example = (ROOT / "config.example.toml").read_text("utf-8").split("[[channels]]\n")[1:]
    entry = next(text for text in example if f'type = "{kind}"' in text)
    comments = _comments_of("[[channels]]\n" + entry) if language == "zh" else {}
    chinese = comments.get(f"channels.{inner}" if inner else "channels", {})
    rows = [
        (f"`{name}`", _default(field), _cell(chinese.get(name) or field.description or ""))
        for name, field in model.model_fields.items()
        if inner or name not in ChannelSettings.model_fields
    ]
    return _table(_HEADS["settings"][language], rows)


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "—"
    others = (choice for choice in _choices(field.annotation) if choice != field.default)
    return " / ".join(f"`{_toml(value)}`" for value in (field.default, *others))


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return tuple(choice for part in get_args(annotation) for choice in _choices(part))
    return ()


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:g}" if value < 1_000_000 else f"{value:_}"
        case SecretStr():
            return f'"{value.get_secret_value()}"'
        case list() | tuple() | frozenset():
            return "[" + ", ".join(_toml(item) for item in value) + "]"
        case dict():
            return "{}" if not value else str(value)
        case _:
            return f'"{value}"'


def _example_comments() -> dict[str, dict[str, str]]:
    """The Chinese comment above each key of config.example.toml, by table and key."""
    return _comments_of((ROOT / "config.example.toml").read_text("utf-8"))


def _comments_of(toml: str) -> dict[str, dict[str, str]]:
    comments: dict[str, dict[str, str]] = {}
    section, used = "", False
    comment: list[str] = []
    for line in toml.splitlines():
        if heading := re.fullmatch(r"\[+([\w.]+)\]+", line):
            section, comment = heading[1], _of_table(comments, heading[1], comment)
        elif line.startswith("#"):
            if used:  # a new comment begins; keys that follow one another share the last one
                comment, used = [], False
            comment.append(line.removeprefix("#").strip())
        elif key := re.match(r"(\w+) = ", line):
            # The first one explains it; later tables of the same kind give examples.
            comments.setdefault(section, {}).setdefault(key[1], _chinese(comment))
            used = True
    return comments


def _of_table(comments: dict[str, dict[str, str]], table: str, comment: list[str]) -> list[str]:
    """Keep the comment above a table in another one, which is a key there; what is left: none."""
    outer, _, key = table.rpartition(".")
    if outer:
        comments.setdefault(outer, {}).setdefault(key, _chinese(comment))
    return []


def _chinese(lines: list[str]) -> str:
    """Of comments in both languages the Chinese lines, and of mixed lines the Chinese half."""
    return "".join(_half(line, "zh") for line in lines if _CJK.search(line))


def _options(command: str, language: Language) -> str:
    """The arguments and options of one command; its help texts are in both languages."""
    import typer

    from server.cli import app

    found: Any = typer.main.get_command(app)
    for name in command.split():  # such as "audit list"
        found = found.commands[name]
    rows = []
    for parameter in found.params:
        names = [
            name.upper() for name in [parameter.name] if parameter.param_type_name == "argument"
        ]
        names = names or [name for name in parameter.opts if name != "--help"]
        meaning = _half(getattr(parameter, "help", "") or "", language)
        if parameter.envvar:
            meaning += f" (`{parameter.envvar}`)"
        default = parameter.default
        shown = f"`{default}`" if default not in (None, "", False) else "—"
        rows.append((", ".join(f"`{name}`" for name in names), shown, _cell(meaning)))
    return _table(_HEADS["options"][language], rows)


def _half(text: str, language: Language) -> str:
    """The half of "中文 / English" in `language`; all of a text in one language."""
    chinese, *english = _SLASH.split(text, maxsplit=1)
    return english[0] if english and language == "en" else chinese


def _errors(category: str, language: Language) -> str:
    """All errors of one category, by code; a line for each text."""
    lines: dict[tuple[str, Text], list[type[GatewayError]]] = {}
    for error in _all_errors():
        if error.category == category:
            lines.setdefault((error.code, error.message), []).append(error)
    rows = []
    for (code, message), errors in sorted(lines.items()):
        errcodes = sorted({error.errcode for error in errors} - {GatewayError.errcode})
        rows.append(
            (
                f"`{code}`",
                str(errors[0].status),
                " ".join(map(str, errcodes)) or "—",
                {"zh": "是", "en": "yes"}[language] if errors[0].retryable else "—",
                _cell(_said(message, language)),
                _cell(_said(errors[0].hint, language)),
            )
        )
    return _table(_HEADS["errors"][language], rows)


def _all_errors() -> Iterator[type[GatewayError]]:
    """Every error that is raised somewhere, once its module is imported."""
    for folder in _FOLDERS:
        package = importlib.import_module(folder)
        for module in pkgutil.walk_packages(package.__path__, folder + "."):
            # Migrations run in Alembic's hands alone, and __main__ is the command itself.
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)
    yield GatewayError
    for error in _subclasses(GatewayError):
        # One without a code of its own is a base: its heirs are raised, not it.
        if error.code != GatewayError.code:
            yield error


def _subclasses(base: type[GatewayError]) -> Iterator[type[GatewayError]]:
    for error in sorted(base.__subclasses__(), key=lambda each: (each.__module__, each.__name__)):
        yield error
        yield from _subclasses(error)


def _said(text: Text, language: Language) -> str:
    """The text; one that is made up only when the error happens says so."""
    template = getattr(text, language)
    if re.fullmatch(r"\{\w+\}", template):
        return {"zh": "（视具体情况）", "en": "(depends on the case)"}[language]
    return str(template)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _rules(_name: str, language: Language) -> str:
    """What a lint looks at, in the order in which it does."""
    from content.lint.registry import CHECKS

    rows = [
        (
            f"`{rule.id}`",
            rule.level,
            _cell(_said(rule.message, language)),
            _cell(_said(rule.fix, language)),
            {"zh": "是", "en": "yes"}[language] if rule.mended else "—",
            _cell(rule.source),
        )
        for check in CHECKS
        for rule in check.rules
    ]
    return _table(_HEADS["rules"][language], rows)


def _hints(_name: str, language: Language) -> str:
    """The errcodes that people meet most, with what to do."""
    rows = [
        (f"`{entry.errcode}`", _cell(_wording(entry, language)), _cell(_advice(entry, language)))
        for entry in _errcodes_sorted()
        if entry.hint is not None
    ]
    return _table(_HEADS["hints"][language], rows)


def _errcodes(category: str, language: Language) -> str:
    """All errcodes of one category."""
    rows = [
        (f"`{entry.errcode}`", _cell(_wording(entry, language)), f"`{entry.action}`")
        for entry in _errcodes_sorted()
        if entry.category == category
    ]
    return _table(_HEADS["errcodes"][language], rows)


def _errcodes_sorted() -> list[Errcode]:
    return sorted(load_errcodes(), key=lambda entry: entry.errcode)


def _wording(entry: Errcode, language: Language) -> str:
    text = entry.chinese if language == "zh" else entry.name
    return f"{text} *" if entry.translated == language else text


def _advice(entry: Errcode, language: Language) -> str:
    return advice_for(entry).zh if language == "zh" else advice_for(entry).en


def _faults(letter: str, _language: Language) -> str:
    """What happens in each case of one section, in both languages."""
    section = next(section for section in SECTIONS if section.letter == letter)
    rows = [row for row in read_rows() if row.number in section.numbers]
    return _table(_HEADS["faults"]["zh"], map(_fault_cells, rows))


def _fault_cells(row: FaultRow) -> tuple[str, ...]:
    held = {"yes": "是 yes", "partly": "部分 partly", "no": "否 no"}[row.holds]
    tests = (
        f"[`{function}`](../{path.relative_to(ROOT).as_posix()})" for path, function in row.files()
    )
    said = f"{_cell(row.zh)}<br>{_cell(row.en)}"
    return str(row.number), said, held, "<br>".join(tests) or "—"


def _events(_name: str, language: Language) -> str:
    """All that people can be told of."""
    from notify.advice import ADVICE
    from notify.events import EVENTS

    yes = {"zh": "是", "en": "yes"}[language]
    rows = [
        (
            f"`{name}`",
            event.severity,
            yes if event.alerts else "—",
            _cell(_said(event.title, language)),
            _cell(_said(ADVICE[name], language)) if name in ADVICE else "—",
        )
        for name, event in EVENTS.items()
    ]
    return _table(_HEADS["events"][language], rows)


_DOORS: dict[str, dict[Language, str]] = {
    "base-url": {"zh": "[换地址](relay.md)", "en": "[base URL](relay.md)"},
    "forward": {"zh": "[正向代理](forward.md)", "en": "[forward proxy](forward.md)"},
    "wenyan": {"zh": "[文颜](wenyan.md)", "en": "[Wenyan](wenyan.md)"},
    "content-api": {"zh": "[内容接口](articles.md)", "en": "[content API](articles.md)"},
    "mcp": {"zh": "[MCP](mcp.md)", "en": "[MCP](mcp.md)"},
}
_TRIALS: dict[str, dict[Language, str]] = {
    "run": {"zh": "原样运行", "en": "run as printed"},
    "sent": {"zh": "解析并照着发请求", "en": "parsed and sent"},
    "parsed": {"zh": "只查语法", "en": "syntax only"},
    "no": {"zh": "没有运行", "en": "not run"},
}


def _snippets(_: str, language: Language) -> str:
    """The tools that `wxgate snippets` knows, door by door."""
    from server.cli.snippet_book import read_book

    known = sorted(read_book().snippets.values(), key=lambda each: [*_DOORS].index(each.way))
    rows = [
        (f"`{each.name}`", each.title, _DOORS[each.way][language], _TRIALS[each.tested][language])
        for each in known
    ]
    return _table(_HEADS["snippets"][language], rows)


_PARTS: dict[str, Callable[[str, Language], str]] = {
    "settings": _settings,
    "channel": _channel,
    "options": _options,
    "errors": _errors,
    "events": _events,
    "faults": _faults,
    "hints": _hints,
    "rules": _rules,
    "errcodes": _errcodes,
    "snippets": _snippets,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
