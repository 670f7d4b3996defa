"""Names that every file system takes, made of any text."""

import re
from pathlib import PurePosixPath

from tintype.errors import InvalidRequest

MOST_NAME_BYTES = 255  # ext4, NTFS, APFS, exFAT: of one name, in UTF-8
_MOST_PART_CHARS = 128  # of what stands for one pattern, as in A1111
_MOST_FOLDERS = 16
_FORBIDDEN = re.compile(r'[#<>:"/\\|?*\x00-\x1f\x7f]')
_SEPARATORS = re.compile(r"[/\\]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)  # on Windows
_OWN_FOLDERS = ("outputs", "output")


def safe_part(text: str) -> str:
    """Text as it may stand in a name: up to 128 characters, what is forbidden replaced by "_"."""
    printable = text.encode("utf-8", "replace").decode()
    return _FORBIDDEN.sub("_", printable).lstrip(" ")[:_MOST_PART_CHARS].rstrip(" .")


def safe_name(stem: str, *, room_bytes: int = 0) -> str:
    """A name of a file or folder that Windows, too, has no second meaning for; "" for nothing.

    It does not begin with a dot, for such are hidden.

    Args:
        stem: any text.
        room_bytes: kept free for what is written before and behind it.
    """
    printable = stem.encode("utf-8", "replace").decode()
    name = _FORBIDDEN.sub("_", printable).strip(" ").rstrip(".")
    if name.startswith(".") or _RESERVED.match(name):
        name = f"_{name}"
    cut = name.encode()[: MOST_NAME_BYTES - room_bytes].decode("utf-8", "ignore")
    return cut.rstrip(" .")


def safe_folders(text: str) -> PurePosixPath:
    """A path of folders below another one, whatever the text: it never leads out of that."""
    names = [safe_name(part) for part in _SEPARATORS.split(text)]
    return PurePosixPath(*[name for name in names if name][:_MOST_FOLDERS])


def check_folder(text: str) -> None:
    """Raise `ValueError`, with what was expected, unless `outdir` takes this text."""
    parts = _SEPARATORS.split(text)
    is_absolute = len(parts) > 1 and not parts[0]
    if is_absolute or ":" in text or parts[0].startswith("~") or ".." in parts:
        raise ValueError(
            "a folder below outputs/ of the data folder, as outputs/mine or mine/today; where that "
            "lies is decided at the server's start, with --data"
        )
    if safe_folders(text) != PurePosixPath(*[part for part in parts if part not in ("", ".")]):
        raise ValueError("a folder that every file system can have")


def outdir(text: str) -> PurePosixPath:
    """The folder below `outputs/` that an option of A1111's names; it may begin with `outputs/`.

    Raises:
        InvalidRequest: it would be somewhere else.
    """
    try:
        check_folder(text)
    except ValueError as expected:
        raise InvalidRequest("outdir", f"expected {expected}") from expected
    parts = safe_folders(text).parts
    return PurePosixPath(*(parts[1:] if parts and parts[0] in _OWN_FOLDERS else parts))
