"""How to make machines and languages trust wxgate's CA and go through the forward proxy."""

import re
import shlex
from collections.abc import Callable, Mapping
from typing import NamedTuple

from core.errors import Text


def _for_windows(path: str) -> str:
    """For cmd and PowerShell alike; of a path that holds nothing they read between quotes."""
    return path if re.fullmatch(r"[\w.:/\\-]+", path) else f'"{path}"'


class Hint(NamedTuple):
    """What to type for one system or language, and what to undo it.

    `{ca}` `{name}` `{proxy}` `{host}` `{port}` are filled, the path `{ca}` quoted by `quote` for
    the shell that reads it.
    """

    title: Text
    lines: tuple[str, ...]
    undo: tuple[str, ...]
    quote: Callable[[str], str] = shlex.quote

    def fill(self, ca: str, name: str, proxy: str, address: str) -> tuple[list[str], list[str]]:
        """Both for a CA file and its common name, a proxy with its key, and its HOST:PORT."""
        host, _, port = address.rpartition(":")
        values = {"ca": self.quote(ca), "name": name, "proxy": proxy, "host": host, "port": port}
        return _filled(self.lines, values), _filled(self.undo, values)


def _filled(lines: tuple[str, ...], values: Mapping[str, str]) -> list[str]:
    return [_PLACE.sub(lambda place: values[place[1]], line) for line in lines]


_PLACE = re.compile(r"\{(ca|name|proxy|host|port)\}")
# What a variable such as REQUESTS_CA_BUNDLE names replaces the system's list, so both are joined.
_BUNDLE = "cat /etc/ssl/certs/ca-certificates.crt {ca} > wxgate-bundle.pem"

HINTS: dict[str, Hint] = {
    "debian": Hint(
        Text("Debian、Ubuntu、Alpine", "Debian, Ubuntu, Alpine"),
        (
            "sudo cp {ca} /usr/local/share/ca-certificates/wxgate.crt",
            "sudo update-ca-certificates",
        ),
        (
            "sudo rm /usr/local/share/ca-certificates/wxgate.crt",
            "sudo update-ca-certificates --fresh",
        ),
    ),
    "rhel": Hint(
        Text("RHEL、Fedora、openEuler", "RHEL, Fedora, openEuler"),
        ("sudo cp {ca} /etc/pki/ca-trust/source/anchors/wxgate.pem", "sudo update-ca-trust"),
        (
            "sudo rm /etc/pki/ca-trust/source/anchors/wxgate.pem",
            "sudo update-ca-trust",
        ),
    ),
    "macos": Hint(
        Text("macOS（当前用户）", "macOS, for this user"),
        (
            "security add-trusted-cert -r trustRoot \\",
            "  -k ~/Library/Keychains/login.keychain-db {ca}",
        ),
        (
            "security remove-trusted-cert {ca}",
            'security delete-certificate -c "{name}"',
        ),
    ),
    "windows": Hint(
        Text("Windows（当前用户，不要管理员）", "Windows, for this user, no administrator"),
        ("certutil -user -addstore Root {ca}",),
        ('certutil -user -delstore Root "{name}"',),
        _for_windows,
    ),
    "curl": Hint(
        Text("curl", "curl"),
        ("curl --proxy {proxy} --cacert {ca} https://api.weixin.qq.com/cgi-bin/draft/count",),
        ("# 什么都没装 / nothing was installed",),
    ),
    "python": Hint(
        Text("Python（requests、httpx、wechatpy）", "Python (requests, httpx, wechatpy)"),
        (
            _BUNDLE,
            "export HTTPS_PROXY={proxy}",
            "export REQUESTS_CA_BUNDLE=$PWD/wxgate-bundle.pem SSL_CERT_FILE=$PWD/wxgate-bundle.pem",
        ),
        ("unset HTTPS_PROXY REQUESTS_CA_BUNDLE SSL_CERT_FILE; rm wxgate-bundle.pem",),
    ),
    "node": Hint(
        Text("Node（22.21、24.5 起）", "Node (22.21, 24.5 and later)"),
        (
            "export NODE_USE_ENV_PROXY=1 HTTPS_PROXY={proxy}",
            "export NODE_EXTRA_CA_CERTS={ca}",
        ),
        ("unset NODE_USE_ENV_PROXY HTTPS_PROXY NODE_EXTRA_CA_CERTS",),
    ),
    "java": Hint(
        Text("Java（WxJava 另有 http-proxy-host 等配置）", "Java (WxJava has http-proxy-host, …)"),
        (
            "keytool -importcert -noprompt -alias wxgate -file {ca} -cacerts -storepass changeit",
            "java -Dhttps.proxyHost={host} -Dhttps.proxyPort={port} \\",
            '  -Djdk.http.auth.tunneling.disabledSchemes="" …',
        ),
        ("keytool -delete -alias wxgate -cacerts -storepass changeit",),
    ),
    "go": Hint(
        Text("Go", "Go"),
        (_BUNDLE, "export HTTPS_PROXY={proxy} SSL_CERT_FILE=$PWD/wxgate-bundle.pem"),
        ("unset HTTPS_PROXY SSL_CERT_FILE; rm wxgate-bundle.pem",),
    ),
    "php": Hint(
        Text("PHP（EasyWeChat、Guzzle）", "PHP (EasyWeChat, Guzzle)"),
        (
            _BUNDLE,
            "export HTTPS_PROXY={proxy}",
            "php -d curl.cainfo=$PWD/wxgate-bundle.pem -d openssl.cafile=$PWD/wxgate-bundle.pem …",
        ),
        ("unset HTTPS_PROXY; rm wxgate-bundle.pem",),
    ),
    "docker": Hint(
        Text("Dockerfile（Debian 系）", "Dockerfile (of a Debian image)"),
        (
            "COPY ca.pem /usr/local/share/ca-certificates/wxgate.crt",
            "RUN update-ca-certificates",
            "# docker run -e HTTPS_PROXY={proxy} …",
        ),
        ("# 去掉这几行，重新构建 / take the lines out and build again",),
    ),
}
