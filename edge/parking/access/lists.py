"""Barred vehicles and the limits of accounts that hold now: those in the lot's own file, and those of the cloud."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from edge.parking.access.lot_time import LotTime
from edge.parking.access.permits import Permit
from models.access.barred import Barred, BarredAction, hardest
from models.plates import Plate, respelled


@dataclass(frozen=True, slots=True)
class OwnLists:
    """As the lot's file has them; `accounts` says how many vehicles each may have inside."""

    barred: Mapping[Plate, Barred] = field(default_factory=dict[Plate, Barred])
    accounts: Mapping[str, int] = field(default_factory=dict[str, int])


NO_LISTS = OwnLists()


class Lists(Protocol):
    """What a desk asks of them."""

    def barred(self, plates: Iterable[Plate | None]) -> Barred | None:
        """What stands of any of these plates, of exactly these."""
        ...

    def in_hours(self, permit: Permit) -> bool: ...

    def account_limit(self, account: str | None) -> int | None:
        """How many vehicles of the account may be inside; None: any number."""
        ...


class _Nobody:
    """Where nobody is barred, and no permit has hours or an account with a limit."""

    def barred(self, plates: Iterable[Plate | None]) -> Barred | None:
        return None

    def in_hours(self, permit: Permit) -> bool:
        return True

    def account_limit(self, account: str | None) -> int | None:
        return None


NOBODY_LISTED = _Nobody()


class ListsInForce:
    """A lot's own file and the cloud both bar vehicles: whoever one of them bars isn't let in. Of an account's limits
    the lot's own holds."""

    def __init__(self, own: OwnLists, in_hours: Callable[[Permit], bool], time: LotTime) -> None:
        self._own, self._in_hours, self._time = own, in_hours, time
        self._barred: Mapping[Plate, tuple[Barred, ...]] = {}
        self._accounts: Mapping[str, int] = {}

    def load(self, connection: sqlite3.Connection) -> None:
        """What the cloud has set."""
        self._barred = _barred(connection)
        rows = connection.execute("SELECT account, in_at_a_time FROM account_limits")
        self._accounts = {row["account"]: row["in_at_a_time"] for row in rows}

    def barred(self, plates: Iterable[Plate | None]) -> Barred | None:
        now = self._time.bounds()
        named = [entry for plate in plates if plate is not None for entry in self._entries(plate)]
        return hardest([entry for entry in named if entry.holds(now)])

    def in_hours(self, permit: Permit) -> bool:
        return self._in_hours(permit)

    def account_limit(self, account: str | None) -> int | None:
        if account is None:
            return None
        own = self._own.accounts.get(account)
        return self._accounts.get(account) if own is None else own

    def _entries(self, plate: Plate) -> tuple[Barred, ...]:
        own = self._own.barred.get(plate)
        return (*(() if own is None else (own,)), *self._barred.get(plate, ()))


def _barred(connection: sqlite3.Connection) -> dict[Plate, tuple[Barred, ...]]:
    found: dict[Plate, tuple[Barred, ...]] = {}
    for row in connection.execute("SELECT * FROM barred"):
        entry = Barred(row["id"], row["reason"], BarredAction(row["action"]), row["until"])
        for plate in json.loads(row["license_plates"]):
            known = found.get(respelled(plate), ())
            found[respelled(plate)] = (*known, entry)
    return found
