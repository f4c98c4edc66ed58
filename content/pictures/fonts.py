from functools import cache
from pathlib import Path
from typing import NamedTuple

from PIL import ImageFont

_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/System/Library/Fonts",
    "C:/Windows/Fonts",
)
# What systems come with; the first that is there is taken. Pillow's own font has no Chinese.
_FILES = (
    "NotoSansCJK*.ttc",
    "NotoSansSC*.*tf",
    "SourceHanSans*.*t[cf]",
    "wqy-*.ttc",
    "DroidSansFallback*.ttf",
    "PingFang.ttc",
    "msyh.ttc",
)


class Font(NamedTuple):
    """A font that has Chinese."""

    path: Path
    family: str
    face: int = 0  # which of the file's, simplified Chinese if it can be


@cache
def chinese_font() -> Font | None:
    """The system's font for Chinese; None when it has none. Looks once."""
    for folder in _FOLDERS:
        for name in _FILES:
            for path in sorted(Path(folder).rglob(name)):
                return _simplified(path)
    return None


def _simplified(path: Path) -> Font:
    """The face for simplified Chinese; a collection holds one for each region."""
    faces = []
    for index in range(20):
        try:
            family = ImageFont.truetype(path, 10, index=index).getname()[0]
        except OSError:  # no such face
            break
        faces.append(Font(path, str(family), index))
    return next((face for face in faces if face.family.endswith("SC")), faces[0])
