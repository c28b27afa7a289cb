"""A folder for what shows plates: its files are its owner's alone, and nothing of anybody else's is written over."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

_PAGE = "index.html"


class NotOurs(OSError):
    """A file of that name lies there, and it wasn't written by this command."""


class OwnFolder:
    """`command`: that writes there, as a person types it. Another one's folder may be read by others, its files not."""

    def __init__(self, path: Path, command: str) -> None:
        """Raises OSError."""
        self.path, self._command = path, command
        path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, name: str, content: bytes, is_ours: Callable[[bytes], bool]) -> Path:
        """`is_ours`: whether what such a file holds was written by this command. Raises OSError: the disk, or
        NotOurs."""
        path = self._free(name, is_ours)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.truncate()
            file.write(content)
        return path

    def page(self, html: str) -> Path:
        """Raises OSError: the disk, or NotOurs."""
        return self.write(_PAGE, html.encode(), self._is_our_page)

    def expect_page(self) -> None:
        """A page that can't be written is known before its pictures lie there. Raises OSError."""
        self._free(_PAGE, self._is_our_page)

    def _is_our_page(self, old: bytes) -> bool:
        return page_mark(self._command).encode() in old[:4096]

    def _free(self, name: str, is_ours: Callable[[bytes], bool]) -> Path:
        path = self.path / name
        if os.path.lexists(path) and not (_is_plain(path) and is_ours(path.read_bytes())):
            raise NotOurs(f"{path} is there already and wasn't written by `{self._command}`: left as it is")
        return path


def page_mark(command: str) -> str:
    """By which a page that this command wrote is known again: it stands in the page's head."""
    return f'<meta name="generator" content="{said_by(command)}">'


def said_by(command: str) -> str:
    return f"drawn by {command}"


def _is_plain(path: Path) -> bool:
    """A file, and no link to one, which may be somebody else's."""
    return path.is_file() and not path.is_symlink()
