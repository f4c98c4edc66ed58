"""What leads astray: hosts, targets of CONNECT, paths and addresses that must reach nobody."""

from collections.abc import Iterator

from tests.e2e.surroundings import API, MP, PICTURES, Surroundings
from tests.faults.test_d_paths import OTHERS, TRICKS
from wechat.hosts import API_HOSTS

COUNT = "/cgi-bin/draft/count"
FORWARDED = (
    *("X-Forwarded-Host", "X-Forwarded-Server", "X-Host", "X-Original-Host", "X-Real-IP"),
    *("X-Original-URL", "X-Rewrite-URL", "Forwarded", "Via", "Destination", "Location"),
    *("X-HTTP-Host-Override", "X-Upstream", "X-Wxgate-Upstream", "X-Forwarded-For", "Referer"),
)
# A literal address is nobody else's page: every door of the base URL answers to it.
LITERALS = (
    *("127.0.0.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"),
    *("[2002:7f00:1::]", "169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "10.0.0.1"),
    "192.168.1.1",
)
OURS = ("/wenyan", "/v1", "/mcp", "/callback", "/callback/main")
# Hosts that are this machine, the network's, a cloud's, or look like WeChat's.
HOSTS = (
    *("127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.0.0.1.", "127.1", "0", "0.0.0.0"),
    *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "inside.example", f"{API}.evil.example"),
    *("169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "metadata.google.internal"),
    *("10.0.0.1", "192.168.1.1", "[fe80::1%25lo]", f"{API}.", f"x{API}", f"evil.{API}"),
    *("weixin.qq.com", "mmbiz.qpic.cn", f"{API}@127.0.0.1", f"127.0.0.1@{API}", f"127.0.0.1#{API}"),
    *(f"127.0.0.1\\@{API}", f"{API}%00.evil.example", f"{API}%2eevil.example", f"{API},127.0.0.1"),
)  # fmt: skip


def targets(around: Surroundings) -> Iterator[str]:
    """What a CONNECT might ask for."""
    ours = (around.trap.port, around.port, int(around.wechat.url.rpartition(":")[2]))
    yield from (f"{host}:{port}" for host in HOSTS for port in (443, 80, *ours))
    yield from (
        f"{host}:{port}"
        for host in (*API_HOSTS, MP)
        for port in ("80", "22", "0", "8443", "65536", "443443", "0443", "", *map(str, ours))
    )
    yield from (f"{API}:443/../127.0.0.1", f"https://{API}:443", f"{API}:443:80", API, "*", "/")


def odd_paths(around: Surroundings, *doors: str) -> Iterator[str]:
    """Paths that could be read as a host, or as another path."""
    at = f"127.0.0.1:{around.trap.port}"
    for lead in ("", "/wx", *doors):
        yield from (
            f"{lead}{tail}"
            for tail in (
                *(f"//{at}/", f"///{at}/", f"/\\{at}/", f"/http://{at}/", f"/http:/{at}/"),
                *(f"/%2f%2f{at}/", f"/@{at}/", f"/.{at}/", f"/%40{at}/", f"/%68ttp://{at}/"),
                *(f"/..{COUNT}", f"/%2e%2e{COUNT}", f"%2f..{COUNT}", f"/..;{COUNT}", f"/.{COUNT}"),
                *("/%2e%2e%2fcgi-bin%2fdraft%2fcount", f"/..%252f..{COUNT}", f"\\..{COUNT}"),
            )
        )
    yield from (f"{lead}{COUNT}" for lead in (*doors, "/health", "/docs", "/wx/api"))
    yield from (*TRICKS, *OTHERS, f"/s/{'a' * 22}", "/mp/appmsg/show", "/cgi-bin/home")


def addresses(around: Surroundings) -> list[str]:
    """Of pictures and such, that are inside; each once."""
    at = f"127.0.0.1:{around.trap.port}"
    return [
        *(f"http://{host}:{around.trap.port}/{n}.png" for n, host in enumerate(HOSTS)),
        *(f"http://{host}/own.png" for host in (f"127.0.0.1:{around.port}", "127.0.0.1", "[::1]")),
        *(f"http://{host}:{around.pictures}/on.png" for host in (PICTURES, "pictures.example")),
        *(f"gopher://{at}/", f"ftp://{at}/a.png", "file:///etc/passwd", f"//{at}/a.png"),
        *(f"HTTP://{at}/b.png", f"http:/{at}/", f"jar:http://{at}!/", f"http://u:p@{at}/a.png"),
    ]


def markup(some: list[str]) -> str:
    """All the ways in which HTML may name a picture."""
    ways = (
        '<img src="{0}">', '<img data-src="{0}" src="{0}#2">', '<img srcset="{0} 2x" src="a.png">',
        '<section style="background-image: url({0})">x</section>', '<video poster="{0}"></video>',
        '<svg><image xlink:href="{0}" href="{0}"/></svg>', '<iframe src="{0}"></iframe>',
        '<picture><source srcset="{0}"><img src="{0}"></picture>', '<link href="{0}">',
    )  # fmt: skip
    return "".join(way.format(url) for url in some for way in ways)
