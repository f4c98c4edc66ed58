from starlette.types import ASGIApp, Receive, Scope, Send


class Areas:
    """What is relayed and what is ours have layers of their own around the same application."""

    def __init__(self, *, relayed: ASGIApp, ours: ASGIApp, relay_segments: frozenset[str]) -> None:
        self._relayed = relayed
        self._ours = ours
        self._relay_segments = relay_segments

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """By the first segment of the path, as the routes do."""
        relayed = scope.get("path", "")[1:].partition("/")[0] in self._relay_segments
        await (self._relayed if relayed else self._ours)(scope, receive, send)
