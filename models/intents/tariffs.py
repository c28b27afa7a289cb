"""Intents about tariffs: what a stay costs that begins from some moment on."""

from __future__ import annotations

from typing import Any, cast

from pydantic import Field, field_validator

from models.documents.document import path_text
from models.ids import TariffId
from models.instants import Instant
from models.intents.base import Intent
from models.tariff import Tariff, Terms, UnknownDialect, as_tariff, runs
from models.tariff.checks import disagreements


class TariffSet(Intent, type="tariff.set", version=1, about="tariff"):
    """Who enters from `valid_from` on pays by these terms; of several the one that began last holds.

    `terms` is the tariff as data, in the words of its dialect: a lot that doesn't know the dialect can't run it.
    """

    tariff: TariffId
    name: str = Field(min_length=1, max_length=80)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    dialect: int = Field(ge=1)
    terms: dict[str, Any]
    valid_from: Instant

    @field_validator("terms")
    @classmethod
    def _exact(cls, terms: dict[str, Any]) -> dict[str, Any]:
        if _has_float(terms):
            raise ValueError("a whole number of a smaller unit, or a text, is expected instead of a float")
        return terms

    def read(self) -> Tariff:
        """As the fee engine takes it. Raises UnknownDialect, or ValueError for terms that the dialect doesn't have."""
        if not runs(self.dialect):
            raise UnknownDialect(self.dialect)
        tariff = as_tariff({**self.terms, "currency": self.currency, "dialect": self.dialect})
        wrong = next(disagreements(tariff), None) if isinstance(tariff, Terms) else None
        if wrong is not None:
            raise ValueError(f"{path_text(wrong.path)}: {wrong.expected}")
        return tariff


class TariffWithdrawn(Intent, type="tariff.withdrawn", version=1, about="tariff", ends=True):
    """The tariff holds for nobody who enters from now on; who is inside keeps what was pinned to the ticket."""

    tariff: TariffId


def _has_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_float, cast("dict[str, Any]", value).values()))
    if isinstance(value, list | tuple):
        return any(map(_has_float, cast("list[Any]", value)))
    return isinstance(value, float)
