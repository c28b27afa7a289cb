"""Why a vehicle isn't let through: one member a reason, with what each person is told."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Said(NamedTuple):
    driver: str
    """One short line on the sign."""
    operator: str
    remedy: str


class Refusal(Enum):
    """The name is stable: it stands in facts, logs and the API."""

    LOT_FULL = Said(
        "Car park full",
        "No spot that fits the vehicle is free",
        "Wait for a departure, or open another level",
    )
    ALREADY_INSIDE = Said(
        "Please use the intercom",
        "A vehicle with this plate is inside already",
        "Compare the pictures; close the stale ticket or let the vehicle in by hand",
    )
    NO_TICKET = Said(
        "Please press the intercom",
        "No open ticket for this plate",
        "Look for a misread plate among the open tickets",
    )
    NOT_READ = Said(
        "Please move forward slowly",
        "The plate couldn't be read",
        "Look at the lane's camera: dirt, glare, aim",
    )
    PAYMENT_DECLINED = Said(
        "Card declined, try another",
        "The terminal declined the payment",
        "Let the driver pay by other means",
    )
    NOT_RECORDED = Said(
        "One moment, please wait",
        "The lot's store couldn't record the decision, so the arm stayed down",
        "Check the disk of the edge computer",
    )
    ARM_UNREACHABLE = Said(
        "One moment, please wait",
        "The barrier couldn't be told to rise",
        "Check the barrier's power, cable and network",
    )

    @property
    def driver(self) -> str:
        return self.value.driver

    @property
    def operator(self) -> str:
        return self.value.operator

    @property
    def remedy(self) -> str:
        return self.value.remedy
