import httptools

from handlers.hosts import HostInvalid


def check_authority(target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """A URL that names a host must name the one of the Host header. Raises HostInvalid."""
    if target == b"*":
        return
    url = httptools.parse_url(target)
    port = b":%d" % url.port if url.port else b""
    hosts = [value for name, value in headers if name == b"host"]
    if url.schema not in (b"http", b"https") or hosts != [(url.host or b"") + port]:
        raise HostInvalid(host=target.decode("latin-1")[:100])
