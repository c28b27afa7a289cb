"""What a stay costs at a lot, as a technician configures it: by the hour, or by a tariff in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr

from models.documents.section import Section
from models.documents.written import Amount
from models.money import from_major
from models.tariff import HourlyTariff, Tariff, Terms


class TariffSettings(Section):
    """What a stay costs: a tariff in a file of its own, or, tax included, each started hour up to a maximum."""

    file: Path | None = None
    """The tariff's own file, by its way from this one, such as tariffs/garage.yaml; the other keys are left out then"""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    """Three letters as in ISO 4217, such as EUR"""
    hourly_rate: Amount | None = None
    """For each started hour"""
    daily_maximum: Amount | None = None
    """No stay costs more than this"""

    _terms: Terms | None = PrivateAttr(default=None)

    def with_terms(self, terms: Terms) -> TariffSettings:
        """The same, now that the tariff's own file was read."""
        other = self.model_copy()
        other._terms = terms
        return other

    @property
    def terms(self) -> Terms | None:
        """None: a stay is charged by the hour, or the file hasn't been read."""
        return self._terms

    def tariff(self) -> Tariff:
        """Raises ValueError for a part of a minor unit, a maximum below the rate, or a file that wasn't read."""
        if self.file is not None:
            if self._terms is None:
                raise ValueError(f"the tariff's file {self.file} hasn't been read")
            return self._terms
        if self.currency is None or self.hourly_rate is None or self.daily_maximum is None:
            raise ValueError("neither a file nor a rate is said")
        return HourlyTariff(
            currency=self.currency,
            hourly_rate=from_major(self.hourly_rate, self.currency),
            daily_maximum=from_major(self.daily_maximum, self.currency),
        )
