"""What a technician writes about money: what happens when no bank can be reached, and with debts."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import field_validator, model_validator

from drivers.contract import CodeScanner, DigitalInput, PaymentTerminal, Sign, TicketPrinter
from drivers.registry import settings_for
from drivers.settings import DriverSettings
from edge.config.receipt_settings import printed_by
from edge.parking.money.policy import AboveCeiling, DebtorsAtEntry, DebtsAtExit, PaymentPolicy, WhenUnreachable
from edge.parking.money.receipt_policy import GiveReceipts
from models.documents.section import Section
from models.documents.written import Amount
from models.ids import LaneName
from models.money import Minor, from_major
from models.tariff.language.written import At, ClockTime

_COMPARES = At(4 * 60 + 30)
"""At a time when few pay."""


class CeilingSettings(Section):
    """How much terminals may store off line, in the tariff's currency."""

    stay: Amount
    """For one stay"""
    lot: Amount
    """Of all stays together that no bank has confirmed yet"""

    @model_validator(mode="after")
    def _more_for_all(self) -> Self:
        if self.lot < self.stay:
            raise ValueError("`lot` is at least what one `stay` may be: the one is part of the other")
        return self


class StationSettings(Section):
    """A pay station: drivers pay there before they go to their car, and then leave without stopping to pay."""

    name: LaneName
    """Short, without spaces, such as hall; it never changes, and no lane has it"""
    payment_terminal: Annotated[DriverSettings, settings_for(PaymentTerminal)]
    """Takes the money"""
    code_scanner: Annotated[DriverSettings, settings_for(CodeScanner)] | None = None
    """Reads the tickets; a ticket that is shown is asked to pay at once"""
    sign: Annotated[DriverSettings, settings_for(Sign)] | None = None
    """Shows what is to pay and whether it is paid"""
    receipt_printer: Annotated[DriverSettings, settings_for(TicketPrinter)] | None = None
    """Prints receipts"""
    receipts: GiveReceipts = GiveReceipts.ASKED
    """Of who pays here: `always` prints a receipt for each, `asked` at the press of `receipt_button`, `never` at a
    person's word only (`parkgate-edge receipt`)"""
    receipt_button: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """A receipt, please: pressed before the driver pays or after"""

    _are_printed = field_validator("receipts", "receipt_button")(printed_by("receipt_printer"))


class PaymentSettings(Section):
    """How the lot deals with money that it can't get at once."""

    when_unreachable: WhenUnreachable = WhenUnreachable.DEBT
    """What happens when the bank can't be reached: `debt` lets the vehicle out and puts the sum on record as a debt;
    `authorise_later` lets a terminal that can store the payment, within the ceiling"""
    ceiling: CeilingSettings | None = None
    """How much may be stored; needed for `authorise_later`"""
    above_ceiling: AboveCeiling = AboveCeiling.DEBT
    """What happens above it: `debt`, or `person` calls one first"""
    debtors_at_entry: DebtorsAtEntry = DebtorsAtEntry.ADMIT
    """A plate with open debts at an entry: `admit` or `refuse`"""
    debts_at_exit: DebtsAtExit = DebtsAtExit.ASK
    """The open debts of exactly the plate that leaves: `ask` for them together with the fee, or `leave` them"""
    day_closes: ClockTime | None = None
    """When the business day is closed by itself, by the lot's clock, such as "04:00"; left out: a person closes it"""
    reconciles: ClockTime | None = None
    """When the providers' reports are put beside the books each day, likewise; left out: at 04:30"""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.when_unreachable is WhenUnreachable.AUTHORISE_LATER and self.ceiling is None:
            raise ValueError("`authorise_later` needs a `ceiling`: what a bank declines later is the lot's loss")
        return self

    @property
    def compares(self) -> At:
        return _COMPARES if self.reconciles is None else self.reconciles

    def policy(self, currency: str) -> PaymentPolicy:
        """Raises ValueError for a part of a minor unit."""
        ceiling = self.ceiling
        return PaymentPolicy(
            when_unreachable=self.when_unreachable,
            stay_ceiling=None if ceiling is None else _minor(ceiling.stay, currency),
            lot_ceiling=None if ceiling is None else _minor(ceiling.lot, currency),
            above_ceiling=self.above_ceiling,
            debtors_at_entry=self.debtors_at_entry,
            debts_at_exit=self.debts_at_exit,
        )


def _minor(amount: Decimal, currency: str) -> Minor:
    return from_major(amount, currency)
