"""Reads the file of a lot's own tariff, which stands beside the lot's."""

from __future__ import annotations

from pathlib import Path

from edge.config.settings import LotIdentity
from models.documents.document import Document, read_document
from models.documents.problems import ConfigurationError
from models.documents.text import text_of
from models.tariff import Terms
from models.tariff.reading import parse_tariff

_ZONE = ("timezone",)


class CannotRead(Exception):
    """There is no such file, or it isn't for this user to read; the text is for a technician."""


def content_of(path: Path, where_from: str = "") -> bytes:
    """`where_from` is said of a file that isn't there. Raises CannotRead."""
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise CannotRead("this is a folder; a file is expected") from None
    except FileNotFoundError:
        raise CannotRead(f"there is no such file{where_from}") from None
    except PermissionError:
        raise CannotRead("no permission to read this file") from None
    except OSError as error:
        raise CannotRead(f"the file can't be read: {error.strerror}") from None


def read_tariff(lot_file: Path, file: Path, lot: LotIdentity | None) -> Terms:
    """The tariff in `file`, whose way is told from the lot's own; `lot` is that of the lot's file, if it is right.

    Raises CannotRead, or ConfigurationError with every problem of the tariff's file.
    """
    path = lot_file.parent / file
    try:
        text = text_of(content_of(path), str(path))
    except CannotRead as wrong:
        raise CannotRead(f"{path}: {wrong}") from None
    terms = parse_tariff(text, str(path))
    if lot is not None and terms.timezone != lot.timezone:
        document = read_document(text, str(path))
        said = f"{lot.timezone} is expected, the lot's own time zone: `lot: timezone` in {lot_file}"
        raise ConfigurationError([document.problem(document.at_value(_ZONE), _ZONE, said, terms.timezone)])
    return terms


def document_of(lot_file: Path, file: Path) -> Document:
    """The tariff's file as it was written, to show places in it."""
    path = lot_file.parent / file
    return read_document(text_of(content_of(path), str(path)), str(path))
