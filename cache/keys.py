class Keys:
    """The names of every Redis key: `<prefix>:v1:<kind>:<account>[:…]`.

    An account is its AppID: fixed length, no colon, and a renamed account keeps its state. `v1`
    changes with the form of any value, so that two versions never read each other's. What stands
    in braces is all that a Cluster looks at when it chooses the server: keys that one script or
    one transaction touches have it in common.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = f"{prefix}:v1:"

    def token(self, app_id: str) -> str:
        """The account's access_token: `<epoch>:<sealed>`, expired by Redis."""
        return f"{self._prefix}token:{{{app_id}}}"

    def token_lease(self, app_id: str) -> str:
        """Held by the one task of all replicas that may fetch a token."""
        return f"{self._prefix}token:{{{app_id}}}:lease"

    def token_epoch(self, app_id: str) -> str:
        """The last epoch handed out with a lease."""
        return f"{self._prefix}token:{{{app_id}}}:epoch"

    def token_forced(self, app_id: str) -> str:
        """There for as long as no replica may force a new token."""
        return f"{self._prefix}token:{{{app_id}}}:forced"

    def calls(self, app_id: str, day: str) -> str:
        """A hash of API path → calls on `day` (Shanghai, YYYY-MM-DD)."""
        return f"{self._prefix}calls:{app_id}:{day}"

    def nonce(self, client_id: str, nonce: str) -> str:
        """There while a signed request with this nonce of the client would be a replay."""
        return f"{self._prefix}{{nonce}}:{client_id}:{nonce}"

    def nonces_born(self) -> str:
        """A hash: since when nonces are remembered, and by which run of the server."""
        return f"{self._prefix}{{nonce}}-born"

    def responses(self, app_id: str) -> tuple[str, str, str]:
        """The account's answers: the generations of its families, the answers, their ends."""
        key = f"{self._prefix}response:{{{app_id}}}"
        return f"{key}:generation", f"{key}:value", f"{key}:end"

    def window(self, name: str) -> str:
        """A rate limit's window: the times of its calls as a list, or one time (GCRA)."""
        return f"{self._prefix}{{limit}}:{name}"

    def windows_born(self) -> str:
        """A hash: since when calls are counted, and by which run of the server."""
        return f"{self._prefix}{{limit}}-born"

    def gateways(self) -> str:
        """A sorted set of the gateways that count together, by when each was last here."""
        return f"{self._prefix}gateways"

    def fleet(self) -> tuple[str, str, str]:
        """The statistics of each process, when they came, and orders to clear a cache."""
        key = f"{self._prefix}{{fleet}}"
        return f"{key}:told", f"{key}:seen", f"{key}:clear"
