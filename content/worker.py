"""The process for hostile bytes: `python -m content.worker MEMORY_MB`.

Reads requests from stdin, answers on stdout, ends when stdin closes. It may be killed at any time.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

from content import frames
from core.errors import GatewayError

Operation = Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]


class Operations:
    """What a worker can do. A kind of work is imported when it is first asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, Operation] = {}

    def load(self, name: str) -> Operation:
        """The operation called `name`; raises KeyError."""
        if name not in self._loaded:
            self._loaded[name] = _OPERATIONS[name]()
        return self._loaded[name]


def _render() -> Operation:
    from content.pipeline import Pipeline

    pipeline = Pipeline()

    def render(arguments: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        work = pipeline.lint if arguments.get("lint") else pipeline.run
        return work(arguments, body), b""

    return render


def _fit() -> Operation:
    from content.pictures.passing import fit

    return fit


def _cover() -> Operation:
    from content.pictures.cover import draw_cover

    return lambda arguments, _body: ({}, draw_cover(arguments["title"]))


def _placeholder() -> Operation:
    from content.pictures.placeholder import draw_placeholder

    return lambda arguments, _body: ({}, draw_placeholder(arguments["alt"]))


def _crops() -> Operation:
    from content.pictures.crops import find_crops

    return find_crops


def _compare() -> Operation:
    from content.roundtrip.compare import compare

    return lambda arguments, _body: (
        {"changes": compare(arguments["sent"], arguments["kept"])},
        b"",
    )


def _themes() -> Operation:
    from content.theming.gallery import Gallery

    return lambda arguments, _body: (
        {"themes": list(Gallery(arguments["themes_dir"]).listing())},
        b"",
    )


def _template() -> Operation:
    from content.templated import fill_template

    return fill_template


def _message() -> Operation:
    from content.message import write_message

    return write_message


def _template_inspect() -> Operation:
    from templates.inspect import inspect

    return lambda arguments, _body: (inspect(arguments["name"], arguments["text"]), b"")


def _template_diff() -> Operation:
    from templates.diff import diff

    return lambda arguments, _body: (diff(arguments["before"], arguments["after"]), b"")


def _read_draft() -> Operation:
    from content.relayed.articles import read_draft

    return read_draft


def _scan_draft() -> Operation:
    from content.relayed.scan import scan_draft

    return scan_draft


def _unzip() -> Operation:
    from content.unzip import unzip

    return unzip


_OPERATIONS = {
    "render": _render,
    "fit": _fit,
    "cover": _cover,
    "crops": _crops,
    "placeholder": _placeholder,
    "themes": _themes,
    "compare": _compare,
    "template": _template,
    "message": _message,
    "template_inspect": _template_inspect,
    "template_diff": _template_diff,
    "unzip": _unzip,
    "scan_draft": _scan_draft,
    "read_draft": _read_draft,
}


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer every request until `requests` ends."""
    operations = Operations()
    while (request := frames.read(requests)) is not None:
        header, body = request
        answer = _answer(operations, header, body)
        answers.writelines(frames.pack(*answer))
        answers.flush()


def _answer(
    operations: Operations, header: dict[str, Any], body: bytes
) -> tuple[dict[str, Any], bytes]:
    try:
        operation = operations.load(header["operation"])
        # SIGPROF ends the process: no decoder, however deep in C, can hold it off.
        signal.setitimer(signal.ITIMER_PROF, header["cpu_s"])
        result, data = operation(header["arguments"], body)
    except GatewayError as refusal:
        values = {name: str(value) for name, value in refusal.values.items()}
        return {"refused": refusal.code, "values": values, "field": refusal.field}, b""
    except (MemoryError, RecursionError):
        return {"exhausted": True}, b""
    except Exception:  # noqa: BLE001 - hostile input; the pool logs it
        return {"failed": traceback.format_exc(limit=-8)}, b""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return {"result": result}, data


def _bound(memory_mb: int) -> None:
    """Limit what this process may take, and offer it first should the machine run out."""
    import resource

    limit = memory_mb * 1_000_000
    with suppress(OSError, ValueError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:  # noqa: PTH123
        score.write("1000")


def main() -> None:
    """Serve stdin and stdout."""
    # Ctrl-C in a terminal reaches the whole group; the process that serves decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _bound(int(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not break the frames
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
