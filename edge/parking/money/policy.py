"""What the lot lets its machines do with money, as its settings say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.money import Minor


class WhenUnreachable(StrEnum):
    DEBT = "debt"
    AUTHORISE_LATER = "authorise_later"


class AboveCeiling(StrEnum):
    DEBT = "debt"
    PERSON = "person"


class DebtorsAtEntry(StrEnum):
    ADMIT = "admit"
    REFUSE = "refuse"


class DebtsAtExit(StrEnum):
    ASK = "ask"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class PaymentPolicy:
    """`stay_ceiling` and `lot_ceiling` bound what terminals may store off line: for one stay, and of the lot's stays
    together as long as no bank has confirmed them. None: nothing may be stored."""

    when_unreachable: WhenUnreachable = WhenUnreachable.DEBT
    stay_ceiling: Minor | None = None
    lot_ceiling: Minor | None = None
    above_ceiling: AboveCeiling = AboveCeiling.DEBT
    debtors_at_entry: DebtorsAtEntry = DebtorsAtEntry.ADMIT
    debts_at_exit: DebtsAtExit = DebtsAtExit.ASK

    @property
    def stores(self) -> bool:
        return self.when_unreachable is WhenUnreachable.AUTHORISE_LATER


ORDINARY = PaymentPolicy()
