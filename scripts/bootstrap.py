"""Make the virtual environment and install the locked requirements and wxgate itself.

Usage: python3 scripts/bootstrap.py VENV LOCKFILE. Needs nothing but Python ≥3.11 with venv.
"""

import subprocess
import sys
from pathlib import Path

MINIMUM = (3, 11)


def main(venv: Path, lockfile: Path) -> None:
    """Bring `venv` to the state of `lockfile`."""
    if sys.version_info < MINIMUM:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"需要 Python ≥3.11，当前是 {found}；可用 make PYTHON=python3.12 …\n"
            f"Python ≥3.11 is needed, this is {found}; try: make PYTHON=python3.12 …"
        )
    python = venv / "bin" / "python"
    if not python.exists():
        print(f"准备环境 {venv} / making {venv} …", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", str(venv)], check=False).returncode:
            sys.exit(
                "建不了虚拟环境。Debian/Ubuntu 请先：apt install python3-venv\n"
                "no virtual environment could be made. On Debian/Ubuntu: apt install python3-venv"
            )
    print(f"安装 {lockfile} / installing {lockfile} …", flush=True)
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(lockfile)])
    run([*pip, "--no-deps", "--editable", "clients/python", "--editable", "."])


def run(command: list[str]) -> None:
    """Run `command`; on failure end with a hint instead of a traceback."""
    if code := subprocess.run(command, check=False).returncode:
        print(
            "安装失败：检查网络；国内可先设置镜像：pip config set global.index-url <镜像地址>\n"
            "the installation failed: check the network or set a package mirror for pip",
            file=sys.stderr,
        )
        sys.exit(code)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
