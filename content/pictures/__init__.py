"""Pictures: where they come from (`source`), which may stay as they are (`jpeg`, `png`).

`gate` is the one entrance, in the process that serves; `codec` and `cover` need Pillow and run in
a worker.
"""
