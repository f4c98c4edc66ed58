"""How to make machines and languages trust wxgate's CA and go through the forward proxy."""

from typing import NamedTuple

from core.errors import Text


class Hint(NamedTuple):
    """What to type for one system or language; `{ca}`, `{proxy}`, `{host}`, `{port}` are filled."""

    title: Text
    lines: tuple[str, ...]

    def fill(self, ca: str, proxy: str, address: str) -> list[str]:
        """The lines for a CA file, a proxy with its key, and its HOST:PORT."""
        host, _, port = address.rpartition(":")
        values = {"{ca}": ca, "{proxy}": proxy, "{host}": host, "{port}": port}
        filled = []
        for line in self.lines:
            for name, value in values.items():
                line = line.replace(name, value)  # noqa: PLW2901
            filled.append(line)
        return filled


# What a variable such as REQUESTS_CA_BUNDLE names replaces the system's list, so both are joined.
_BUNDLE = "cat /etc/ssl/certs/ca-certificates.crt {ca} > wxgate-bundle.pem"

HINTS: dict[str, Hint] = {
    "debian": Hint(
        Text("Debian、Ubuntu、Alpine", "Debian, Ubuntu, Alpine"),
        (
            "sudo cp {ca} /usr/local/share/ca-certificates/wxgate.crt",
            "sudo update-ca-certificates",
        ),
    ),
    "rhel": Hint(
        Text("RHEL、Fedora、openEuler", "RHEL, Fedora, openEuler"),
        ("sudo cp {ca} /etc/pki/ca-trust/source/anchors/wxgate.pem", "sudo update-ca-trust"),
    ),
    "macos": Hint(
        Text("macOS", "macOS"),
        (
            "sudo security add-trusted-cert -d -r trustRoot \\",
            "  -k /Library/Keychains/System.keychain {ca}",
        ),
    ),
    "windows": Hint(
        Text("Windows（管理员）", "Windows, as administrator"), ("certutil -addstore -f Root {ca}",)
    ),
    "curl": Hint(
        Text("curl", "curl"),
        ("curl --proxy {proxy} --cacert {ca} https://api.weixin.qq.com/cgi-bin/draft/count",),
    ),
    "python": Hint(
        Text("Python（requests、httpx、wechatpy）", "Python (requests, httpx, wechatpy)"),
        (
            _BUNDLE,
            "export HTTPS_PROXY={proxy}",
            "export REQUESTS_CA_BUNDLE=$PWD/wxgate-bundle.pem SSL_CERT_FILE=$PWD/wxgate-bundle.pem",
        ),
    ),
    "node": Hint(
        Text("Node（22.21、24.5 起）", "Node (22.21, 24.5 and later)"),
        (
            "export NODE_USE_ENV_PROXY=1 HTTPS_PROXY={proxy}",
            "export NODE_EXTRA_CA_CERTS={ca}",
        ),
    ),
    "java": Hint(
        Text("Java（WxJava 另有 http-proxy-host 等配置）", "Java (WxJava has http-proxy-host, …)"),
        (
            "keytool -importcert -noprompt -alias wxgate -file {ca} -cacerts -storepass changeit",
            "java -Dhttps.proxyHost={host} -Dhttps.proxyPort={port} \\",
            '  -Djdk.http.auth.tunneling.disabledSchemes="" …',
        ),
    ),
    "go": Hint(
        Text("Go", "Go"),
        (_BUNDLE, "export HTTPS_PROXY={proxy} SSL_CERT_FILE=$PWD/wxgate-bundle.pem"),
    ),
    "php": Hint(
        Text("PHP（EasyWeChat、Guzzle）", "PHP (EasyWeChat, Guzzle)"),
        (
            _BUNDLE,
            "export HTTPS_PROXY={proxy}",
            "php -d curl.cainfo=$PWD/wxgate-bundle.pem -d openssl.cafile=$PWD/wxgate-bundle.pem …",
        ),
    ),
    "docker": Hint(
        Text("Dockerfile（Debian 系）", "Dockerfile (of a Debian image)"),
        (
            "COPY ca.pem /usr/local/share/ca-certificates/wxgate.crt",
            "RUN update-ca-certificates",
            "# docker run -e HTTPS_PROXY={proxy} …",
        ),
    ),
}
