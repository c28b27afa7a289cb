"""The changes that facts make: values of columns of rows, and what several subjects say alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from models.facts.base import ERASED
from models.ids import SpotId
from models.spots import SpotStatus

Table = Literal[
    "parking_lots",
    "levels",
    "spots",
    "vehicles",
    "tickets",
    "payments",
    "access_refusals",
    "faults",
    "lane_states",
    "lane_orders",
    "passages",
    "help_calls",
    "fee_corrections",
    "ledger_entries",
    "closings",
    "receipts",
    "taken_commands",
    "deletions",
    "reservations",
    "reservation_quotas",
    "ticket_suspicions",
    "ticket_mendings",
    "valet_stays",
]
"""In the order in which rows must be written: what is referred to comes first."""
Value = str | int | float | bool | None

SpotOf = Callable[[str], SpotId | None]
"""Finds the spot that a ticket holds, by the ticket's id."""


class Change(NamedTuple):
    """A new value for some columns of one row.

    `insert`: the row must not exist yet. `update`: it must. `declare`: it is made with `values` and
    `at_first` together when it is missing, otherwise only `values` are set.
    """

    kind: Literal["insert", "update", "declare"]
    table: Table
    id: str
    values: Mapping[str, Value]
    at_first: Mapping[str, Value] = MappingProxyType({})


def plate_told(told: str | None) -> str | None:
    """A plate that was erased before its fact arrived is as good as none: nobody is called "erased"."""
    return None if told == ERASED else told


def spot_set(spot: SpotId | None, status: SpotStatus) -> list[Change]:
    return [] if spot is None else [Change("update", "spots", spot, {"status": status})]
