"""Listens to the spots' sensors, and puts on record what follows from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import NamedTuple

from drivers.contract import FaultReporter, SpotSensor
from edge.parking.places.faults import EMPTY_BUT_TAKEN
from edge.parking.places.sensing import Findings, OnRecord, Patience, Seen, Stay, compare
from edge.store import Store, StoreUnavailable, Transaction, boots
from models.facts import SpotTakenByUnknown, StayMoved, UnknownVehicleGone
from models.ids import SpotId, TicketId
from models.instants import Clock, Monotonic
from models.spots import Blocked
from models.timeline import Moment

LOOK_EVERY_SECONDS = 5.0

_ON_RECORD = """
    SELECT spots.id, floor_number, spot_number, blocked, tickets.id AS ticket, code, tickets.status, exit_lane,
        moments.boot, moments.monotonic
    FROM spots JOIN levels ON levels.id = level_id
    LEFT JOIN tickets ON spot_id = spots.id AND tickets.status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')
    LEFT JOIN moments ON subject = tickets.id AND what = 'entered'
    WHERE removed = 0"""


class Place(NamedTuple):
    """A spot as the configuration names it."""

    level: int
    number: str


Told = Mapping[Place, tuple[bool | None, Monotonic]]
"""What each sensor has said last, and since when."""


class SpotWatch:
    """Compares sensors and store again and again; where they agree, which is nearly always, nothing is written."""

    def __init__(
        self,
        store: Store,
        sensors: Mapping[tuple[int, str], SpotSensor],
        faults: Callable[[str], FaultReporter],
        clock: Clock,
        patience: Patience,
    ) -> None:
        """`faults` finds the reporter of the spot with that number."""
        self._store, self._clock, self._patience, self._faults = store, clock, patience, faults
        self._sensors = {Place(*place): sensor for place, sensor in sensors.items()}
        self._since: dict[Place, tuple[bool | None, Monotonic]] = {}
        for place, sensor in self._sensors.items():
            self._since[place] = (sensor.occupied, clock.monotonic())
            sensor.on_occupied(lambda occupied, place=place: self._heard(place, occupied))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY_SECONDS)

    async def look(self) -> None:
        """Once: what can't be read or written now is looked at again later."""
        told = dict(self._since)
        try:
            found = await self._store.read(lambda connection: self._compared(connection, told))
            if found.changes_anything:
                found = await self._store.write(lambda tx: self._put_right(tx, told))
            names = await self._store.read(_names)
        except StoreUnavailable:
            return
        self._report({names[spot]: code for spot, code in found.empty if spot in names})

    def sensed(self, connection: sqlite3.Connection) -> dict[SpotId, bool | None]:
        """What the sensors say now."""
        of = {place: spot for spot, place in _names(connection).items()}
        return {of[place]: sensor.occupied for place, sensor in self._sensors.items() if place in of}

    def _heard(self, place: Place, occupied: bool | None) -> None:
        if self._since[place][0] is not occupied:
            self._since[place] = (occupied, self._clock.monotonic())

    def _compared(self, connection: sqlite3.Connection, told: Told) -> Findings:
        now = boots.place(connection, self._clock.read())
        rows = [(Place(row["floor_number"], row["spot_number"]), row) for row in connection.execute(_ON_RECORD)]
        seen: dict[SpotId, Seen] = {}
        spots: list[OnRecord] = []
        for place, row in rows:
            if place in told:
                occupied, since = told[place]
                spots.append(_on_record(row))
                seen[spots[-1].id] = Seen(occupied, Moment(now.boot, since))
        return compare(spots, seen, now, self._patience)

    def _put_right(self, tx: Transaction, told: Told) -> Findings:
        """Looked at once more: lanes may have been at work since."""
        found, at = self._compared(tx.connection, told), tx.at.wall
        for spot in (*found.gone, *(moved.spot for moved in found.misparked if moved.was_unknown)):
            tx.record(UnknownVehicleGone(spot=spot, why="sensor", at=at))
        for moved in found.misparked:
            tx.record(StayMoved(ticket=moved.ticket, was=moved.was, spot=moved.spot, why="sensor", by=None, at=at))
        for spot in found.unknown:
            tx.record(SpotTakenByUnknown(spot=spot, why="sensor", at=at))
        return found

    def _report(self, empty: Mapping[Place, str]) -> None:
        for place in self._sensors:
            faults = self._faults(place.number)
            if place in empty:
                faults.raised(EMPTY_BUT_TAKEN, f"level {place.level}, ticket {empty[place]}")
            else:
                faults.cleared(EMPTY_BUT_TAKEN)


def _names(connection: sqlite3.Connection) -> dict[SpotId, Place]:
    rows = connection.execute(
        "SELECT spots.id, floor_number, spot_number FROM spots JOIN levels ON levels.id = level_id WHERE removed = 0"
    )
    return {SpotId(row["id"]): Place(row["floor_number"], row["spot_number"]) for row in rows}


def _on_record(row: sqlite3.Row) -> OnRecord:
    stay = None
    if row["ticket"] is not None:
        entered = None if row["boot"] is None else Moment(row["boot"], Monotonic(row["monotonic"]))
        in_a_lane = row["status"] == "ADMITTED" or (row["status"] == "ACTIVE" and row["exit_lane"] is not None)
        stay = Stay(TicketId(row["ticket"]), row["code"], entered, settled=not in_a_lane)
    blocked = None if row["blocked"] is None else Blocked(row["blocked"])
    return OnRecord(SpotId(row["id"]), stay, blocked)
