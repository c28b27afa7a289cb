"""A tariff from the YAML file that its manager wrote; what is wrong with it is shown where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.tariffs.holding import AtTheLot
from models.documents.document import Document, read_document
from models.documents.document import Path as Place
from models.documents.problems import ConfigurationError, Problem, in_order
from models.documents.text import text_of
from models.tariff import Terms
from models.tariff.reading import parse_tariff

_SAID_APART = ("currency", "dialect")
"""The intent has them beside the terms."""


@dataclass(frozen=True, slots=True)
class Written:
    """A tariff and the file that says it."""

    terms: Terms
    document: Document

    @property
    def as_data(self) -> dict[str, Any]:
        """The terms in the manager's words, amounts as texts."""
        said = self.terms.model_dump(mode="json")
        return {key: value for key, value in said.items() if key not in _SAID_APART}

    def must_suit(self, lot: AtTheLot) -> None:
        """Raises ConfigurationError where the lot takes other money, or goes by another clock."""
        problems: list[Problem] = []
        if lot.currency is not None and self.terms.currency != lot.currency:
            problems.append(self._problem(("currency",), f"{lot.currency} is expected: that is what the lot takes"))
        if lot.timezone is not None and self.terms.timezone != lot.timezone:
            problems.append(self._problem(("timezone",), f"{lot.timezone} is expected: the lot goes by that clock"))
        if problems:
            raise ConfigurationError(in_order(problems))

    def _problem(self, at: Place, expected: str) -> Problem:
        return self.document.problem(self.document.at_value(at), at, expected)


def read_tariff(file: Path) -> Written:
    """Raises OSError, or ConfigurationError with every problem of the file."""
    name = str(file)
    text = text_of(file.read_bytes(), name)
    return Written(parse_tariff(text, name), read_document(text, name))
