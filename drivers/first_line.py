"""A secret that stands in the first line of a file of its own."""

from __future__ import annotations

from pathlib import Path


def first_line(path: Path) -> str:
    """Without its line end. Raises OSError, whose text says why it can't be read and holds nothing of the file."""
    try:
        return path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        raise OSError("not a text file") from None
    except OSError as error:
        raise OSError(error.strerror or "not a text file") from None
