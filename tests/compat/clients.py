"""The clients that are tried: how each is started, its ways in, and what it has no call for.

Another client is a row in CLIENTS and a driver that takes the commands of columns.py; another
way in is a Wiring.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version as installed_version
from pathlib import Path

from core.errors import Text
from tests.compat.driving import Started
from tests.compat.installing import Installer, missing
from tests.compat.wirings import BASE_URL, CORS, FORWARD, MCP, WENYAN, Wiring
from tests.e2e.conftest import CHROMIUM_ARGS, installed_chromium

_DRIVERS = Path(__file__).parent / "drivers"
_PLAYWRIGHTS_OWN = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as found: print(found.chromium.executable_path)"
)
_NODE = (24, 5)  # the first whose own fetch and agents go by HTTPS_PROXY


@dataclass(frozen=True)
class Client:
    """A tool as its users have it."""

    name: str
    version: str  # of the package, or how it speaks
    start: Callable[[Installer, str], Started]
    wirings: tuple[Wiring, ...] = (BASE_URL, FORWARD)
    lacks: Mapping[str, Text] = field(default_factory=dict)  # columns, and why not

    @property
    def label(self) -> str:
        """What it is called in the table."""
        return f"{self.name} {self.version}"


def lacking(client: Client, wiring: Wiring) -> Mapping[str, Text]:
    """Columns that stay empty in a row, and why."""
    return {**wiring.lacks, **client.lacks}


def pairs() -> Iterator[tuple[Client, Wiring]]:
    """The rows of the table."""
    for client in CLIENTS:
        for wiring in client.wirings:
            yield client, wiring


def _started(*command: str | Path, **environment: str) -> Started:
    if shutil.which(str(command[0])) is None:
        missing(f"{command[0]} is not installed")
    return Started(command, environment)


def _curl(_: Installer, version: str) -> Started:
    return _started("bash", _DRIVERS / "curl.sh", CALLS=version)


def _wechatpy(installer: Installer, version: str) -> Started:
    python = installer.python_with(f"wechatpy[cryptography]=={version}")
    return _started(python, _DRIVERS / "wechatpy_client.py")


def _httpx(_installer: Installer, _version: str) -> Started:
    return _started(sys.executable, _DRIVERS / "httpx_client.py")  # wxgate itself needs it


def _node(installer: Installer, driver: str, modules: Path) -> Started:
    return _started(installer.node(_NODE), _DRIVERS / driver, MODULES=str(modules))


def _wenyan(installer: Installer, version: str) -> Started:
    modules = installer.node_package(f"@wenyan-md/core@{version}")
    return _node(installer, "wenyan_core.mjs", modules)


def _wenyan_server(installer: Installer, version: str) -> Started:
    modules = installer.node_modules(
        *(f"@wenyan-md/core@{version}", "jsdom@27.4.0"),
        *("formdata-node@6.0.3", "form-data-encoder@4.1.0"),
        without=("mermaid",),  # 100 packages more, for drawings
    )
    started = _node(installer, "wenyan_server.mjs", modules)
    return replace(started, environment={**started.environment, "HOME": str(modules)})


def _page(_installer: Installer, _version: str) -> Started:
    chromium = installed_chromium() or _run_python(_PLAYWRIGHTS_OWN)
    if not Path(chromium).exists():
        missing("no Chromium: apt install chromium, or playwright install chromium")
    driver = (sys.executable, _DRIVERS / "doocs_md.py")
    return _started(*driver, CHROMIUM=chromium, ARGS=" ".join(CHROMIUM_ARGS))


def _run_python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _mcp_python(_installer: Installer, _version: str) -> Started:
    return _started(sys.executable, _DRIVERS / "mcp_client.py")


def _mcp_node(installer: Installer, version: str) -> Started:
    modules = installer.node_modules(f"@modelcontextprotocol/sdk@{version}")
    return _node(installer, "mcp_client.mjs", modules)


def _co_wechat_api(installer: Installer, version: str) -> Started:
    modules = installer.node_modules(f"co-wechat-api@{version}")
    return _node(installer, "co_wechat_api.mjs", modules)


def _node_easywechat(installer: Installer, version: str) -> Started:
    # It takes any 1.x of node-socialite, and cannot be loaded with those after 1.4.
    modules = installer.node_modules(f"node-easywechat@{version}", "node-socialite@1.4.1")
    return _node(installer, "node_easywechat.mjs", modules)


def _php(_installer: Installer, _version: str) -> Started:
    return _started("php", _DRIVERS / "easywechat.php")


_NO_PUBLISHING = Text(
    "它只建草稿，没有发布的调用", "it makes drafts and has no call that publishes"
)

_STATUS_ALONE = Text("只显示状态码 407", "it shows the status 407 alone")
_NOTHING_OF_IT = Text("代理的应答一个字也不显示", "it shows nothing of what the proxy answers")

CLIENTS = (
    Client("curl", "token", _curl, lacks={"407": _STATUS_ALONE}),
    # By the forward proxy the key of the proxy tells who calls: nothing is left to be signed.
    Client("curl", "signed", _curl, wirings=(BASE_URL,)),
    Client("wechatpy", "1.8.18", _wechatpy),
    Client("wechatpy", "2.0.0a26", _wechatpy),
    Client("httpx", installed_version("httpx"), _httpx),
    Client(
        "@wenyan-md/core",
        "3.0.10",
        _wenyan,
        lacks={"publish": _NO_PUBLISHING, "407": _NOTHING_OF_IT},
    ),
    Client("co-wechat-api", "3.11.0", _co_wechat_api),
    Client("node-easywechat", "3.6.2", _node_easywechat),
    Client("PHP like EasyWeChat", "6", _php, lacks={"407": _NOTHING_OF_IT}),
    Client("page like doocs/md", "Chromium", _page, wirings=(CORS,)),
    Client("@wenyan-md/core publish", "3.0.10", _wenyan_server, wirings=(WENYAN,)),
    Client("mcp (PyPI)", installed_version("mcp"), _mcp_python, wirings=(MCP,)),
    Client("@modelcontextprotocol/sdk", "1.32.2", _mcp_node, wirings=(MCP,)),
)
