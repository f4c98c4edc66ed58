"""Rules of an operator's own: Python files or modules named in `[content] extensions`."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from markdown_it import MarkdownIt

from content.markdown.syntax import Use
from content.refusals import ExtensionBroken


def load_extension(name: str) -> Use:
    """The function `use(md)` of the file (NAME.py) or module `name`; raises ExtensionBroken.

    Runs its code: for workers, and for `check-config`.
    """
    try:
        module = _file(Path(name)) if name.endswith(".py") else importlib.import_module(name)
        use: Use = module.use
        use(MarkdownIt("gfm-like2"))
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - foreign code may raise anything
        reason = f"{type(exc).__name__}: {exc}"
        raise ExtensionBroken(field="content.extensions", name=name, reason=reason[:300]) from None
    return use


def _file(path: Path) -> ModuleType:
    name = f"wxgate_extension_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
