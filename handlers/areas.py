from collections.abc import Container, Iterable

from starlette.types import ASGIApp, Receive, Scope, Send


class Segments:
    """First segments of the paths that are relayed; rules may bring others while it runs."""

    def __init__(self, segments: Iterable[str]) -> None:
        self.replace(segments)

    def replace(self, segments: Iterable[str]) -> None:
        """These from now on."""
        self._segments = frozenset(segments)

    def __contains__(self, segment: object) -> bool:
        return segment in self._segments


class Areas:
    """What is relayed and what is ours have layers of their own around the same application."""

    def __init__(self, *, relayed: ASGIApp, ours: ASGIApp, relay_segments: Container[str]) -> None:
        self.replace(relayed=relayed, ours=ours)
        self._relay_segments = relay_segments

    def replace(self, *, relayed: ASGIApp, ours: ASGIApp) -> None:
        """These layers from now on; requests under way keep theirs."""
        self._relayed = relayed
        self._ours = ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """By the first segment of the path, as the routes do."""
        relayed = scope.get("path", "")[1:].partition("/")[0] in self._relay_segments
        await (self._relayed if relayed else self._ours)(scope, receive, send)
