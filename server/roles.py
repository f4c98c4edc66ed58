from enum import StrEnum


class Role(StrEnum):
    """What a process of a gateway does; the parts of one gateway may run apart."""

    ALL = "all"
    RELAY = "relay"  # calls to WeChat alone
    API = "api"  # everything else that is asked over HTTP
    WORKER = "worker"  # jobs, and what nobody asks for: it listens on no port

    @property
    def relays(self) -> bool:
        """Whether it answers calls to WeChat."""
        return self in (Role.ALL, Role.RELAY)

    @property
    def serves_api(self) -> bool:
        """Whether it answers /v1 and the other paths of our own."""
        return self in (Role.ALL, Role.API)

    @property
    def works(self) -> bool:
        """Whether it works on jobs and sends what is to be told."""
        return self in (Role.ALL, Role.WORKER)
