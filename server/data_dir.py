import tempfile
from pathlib import Path

from core.errors import GatewayError, Text


class DataDirUnusable(GatewayError):
    """Nothing can be kept in data_dir."""

    code = "data_dir_unusable"
    category = "system"
    level = "critical"
    message = Text("数据目录 {path} 不可用：{reason}", "the data_dir {path} is unusable: {reason}")
    hint = Text(
        "把 server.data_dir 设为本用户可写的目录；容器里请挂载一个卷",
        "set server.data_dir to a directory that this user may write to; in a container, mount one",
    )


def make_data_dir(path: Path) -> None:
    """Make it unless it is there, and try to write to it. Raises DataDirUnusable."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"x")
    except OSError as exc:
        raise DataDirUnusable(path=path, reason=exc.strerror) from None
