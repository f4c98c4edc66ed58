"""Check what no linter checks: every source file has its test, no function or file is too long."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = (
    "accounts", "cache", "content", "core", "fetch", "handlers", "jobs", "notify", "proxy",
    "sandbox", "server", "store", "templates", "wechat",
)  # fmt: skip
CLIENT = "clients/python/wxgate_client"
FREE_LINES = 15  # a file this short needs no test file of its own
FUNCTION_LINES = 60
FILE_LINES = 400


def main() -> int:
    """Print what is wrong; the number of faults is the exit status's truth."""
    faults = list(find_faults())
    for fault in faults:
        print(fault)
    print(f"layout: {len(faults)} faults")
    return 1 if faults else 0


def find_faults() -> Iterator[str]:
    """One line a fault."""
    for folder in (*FOLDERS, CLIENT):
        for path in sorted((ROOT / folder).rglob("*.py")):
            relative = path.relative_to(ROOT)
            if "migrations" in relative.parts:
                continue
            source = path.read_text("utf-8")
            lines = source.count("\n")
            if lines > FILE_LINES:
                yield f"{relative}: {lines} lines, at most {FILE_LINES}"
            yield from long_functions(relative, source)
            test = ROOT / _tests_of(relative).with_name(f"test_{path.name}")
            if path.name != "__init__.py" and lines > FREE_LINES and not test.exists():
                yield f"{relative}: no {test.relative_to(ROOT)}"


def _tests_of(source: Path) -> Path:
    """Where the tests of a source file stand: the client brings its own."""
    if source.is_relative_to(CLIENT):
        return Path("clients/python/tests") / source.relative_to(CLIENT)
    return Path("tests") / source


def long_functions(relative: Path, source: str) -> Iterator[str]:
    """Functions over the limit."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{relative}:{node.lineno}: {node.name} has {lines} lines"


if __name__ == "__main__":
    sys.exit(main())
