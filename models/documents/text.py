"""The text of a file that people wrote, from its bytes."""

from __future__ import annotations

from models.documents.problems import ConfigurationError, Problem, without_secrets


def text_of(content: bytes, name: str) -> str:
    """Raises ConfigurationError, which shows the place, when the file isn't UTF-8; `name` stands for the file."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        reason = f"byte 0x{error.object[error.start]:02x} isn't UTF-8: save the file as UTF-8 text"
        problem = Problem(name, line, column, "", "", reason, source=_legible(error.object, line))
    raise ConfigurationError([problem])


def _legible(content: bytes, line: int) -> str:
    return without_secrets(content.split(b"\n")[line - 1].decode("latin-1").rstrip("\r"))
