"""A file of sections: its text as a document whose top level has keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from models.documents.document import Document, read_document
from models.documents.problems import ConfigurationError, Problem

FOR_ANCHORS = "x-"
"""Top-level keys that begin so are passed over: a place for what several sections share."""


def read_sections(text: str, name: str, no_sections: Callable[[Document], Problem]) -> Document:
    """`name` stands for the file in problems; `no_sections` says what is expected of a file that has none.

    Raises ConfigurationError for text in which no sections can be told.
    """
    document = read_document(text, name)
    if document.problems and document.data is None:
        raise ConfigurationError(document.problems)
    written: Any = document.data
    if not isinstance(written, dict):
        raise ConfigurationError([no_sections(document)])
    sections = cast("dict[str, Any]", written)
    document.data = {key: value for key, value in sections.items() if not key.startswith(FOR_ANCHORS)}
    return document
