"""Markdown to article: `pipeline` lists the steps in order, a file a step.

In the process that serves live `fields` (what a caller sends), `renderer`, `build` and `workers`;
they import no parser and no decoder. Hostile bytes are handled by `worker`, a process of its own:
text by `pipeline` and `steps/`, pictures by `pictures/codec`.
"""
