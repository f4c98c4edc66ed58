import posixpath
import unicodedata
from urllib.parse import unquote


def one_spelling(path: str) -> str:
    """A relative path as the gateway tells files apart: `./a.png` and `%61.png` are `a.png`."""
    plain = unquote(path.split("?", 1)[0].split("#", 1)[0]).replace("\\", "/")
    return posixpath.normpath(unicodedata.normalize("NFC", plain))
