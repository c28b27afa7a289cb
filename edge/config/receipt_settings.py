"""What a technician writes about receipts: who sells the parking, and where receipts are given."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from drivers.settings import DriverSettings
from edge.parking.money.receipt_policy import GiveReceipts
from models.documents.section import Section
from models.documents.written import as_written
from models.receipts.document import Business


def _tax_id(written: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ./-]{0,39}", written):
        raise ValueError("letters and digits are expected, such as DE 123456789")
    return written


class BusinessSettings(Section):
    """Who sells the parking, as receipts and credit notes say it."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    """The name under which it is registered"""
    address: Annotated[str, Field(max_length=300)] = ""
    """Its own, which may be in several lines; left out: the lot's"""
    tax_id: Annotated[str, BeforeValidator(as_written), AfterValidator(_tax_id)] | None = None
    """Its number for the tax office, such as DE 123456789"""

    def business(self, lot_address: str) -> Business:
        return Business(name=self.name, address=self.address or lot_address, tax_id=self.tax_id or "")


def printed_by(printer: str) -> Callable[[object, ValidationInfo], object]:
    """For the keys that ask for receipts: there is a printer for them. One that stands there, but not as it should,
    has an error of its own."""

    def checked(said: object, info: ValidationInfo) -> object:
        wanted = said is GiveReceipts.ALWAYS or isinstance(said, DriverSettings)
        if wanted and printer in info.data and info.data[printer] is None:
            raise ValueError(f"a receipt needs a printer: there is no `{printer}` here")
        return said

    return checked
