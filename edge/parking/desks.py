"""The parking service as a lane meets it: an entry desk and an exit desk over the lot's store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.contract import PaymentTerminal
from edge.lane.desk import Paper
from edge.lane.signals import Allowed, Read, Refused
from edge.parking import entry, exit
from edge.parking.unresolved import leave_unresolved
from edge.store import Store, StoreUnavailable, Transaction
from models.facts import AccessRefused
from models.ids import LaneName, TicketId
from models.instants import Clock
from models.money import written
from models.plates import Plate
from models.refusals import Refusal
from models.spots import Right, VehicleType
from models.tariff import Tariff
from models.tickets import Direction


@dataclass(frozen=True)
class EntryDesk:
    """Decides who may enter. `vehicle_type` answers for the vehicle that stands there now."""

    lane: LaneName
    store: Store
    tariff: Tariff
    rights: Mapping[Plate, frozenset[Right]]
    vehicle_type: Callable[[], VehicleType]

    async def decide(self, read: Read) -> Allowed | Refused:
        rights = self.rights.get(read.plate, frozenset[Right]())
        arrival = entry.Arrival(self.lane, read.plate, read.confidence, self.vehicle_type(), rights)
        try:
            answer = await self.store.write(lambda tx: entry.admit(tx, arrival, self.tariff))
        except StoreUnavailable:
            return Refused(Refusal.NOT_RECORDED)
        if isinstance(answer, Refusal):
            return Refused(answer)
        return Allowed(answer.ticket, f"Welcome, spot {answer.spot_number}")

    def confirm(self, ticket: TicketId) -> Paper:
        return lambda tx: entry.confirm(tx, ticket, self.lane)

    def withdraw(self, ticket: TicketId, *, vended: bool) -> Paper:
        return lambda tx: entry.withdraw(tx, ticket, self.lane, "back_out" if vended else "vend_failed")

    def unresolve(self, ticket: TicketId) -> Paper:
        return lambda tx: leave_unresolved(tx, ticket, "entry")

    def refuse(self, reason: Refusal, plate: Plate | None) -> Paper:
        return _refusal(self.lane, Direction.ENTRY, reason, plate)


@dataclass(frozen=True)
class ExitDesk:
    """Decides who may leave, and takes what they owe."""

    lane: LaneName
    store: Store
    terminal: PaymentTerminal | None
    clock: Clock

    async def decide(self, read: Read) -> Allowed | Refused:
        try:
            answer = await exit.clear(self.store, self.terminal, self.lane, read.plate, self.clock)
        except StoreUnavailable:
            return Refused(Refusal.NOT_RECORDED)
        if isinstance(answer, Refusal):
            return Refused(answer)
        due = written(answer.amount_due, answer.currency)
        return Allowed(answer.ticket, f"{due} to pay later, goodbye" if answer.uncollected else f"{due} paid, goodbye")

    def confirm(self, ticket: TicketId) -> Paper:
        return lambda tx: exit.close(tx, ticket, self.lane)

    def withdraw(self, ticket: TicketId, *, vended: bool) -> Paper:
        return lambda tx: exit.abandon(tx, ticket, self.lane)

    def unresolve(self, ticket: TicketId) -> Paper:
        return lambda tx: leave_unresolved(tx, ticket, "exit")

    def refuse(self, reason: Refusal, plate: Plate | None) -> Paper:
        return _refusal(self.lane, Direction.EXIT, reason, plate)


def _refusal(lane: LaneName, direction: Direction, reason: Refusal, plate: Plate | None) -> Paper:
    def record(tx: Transaction) -> None:
        refused = AccessRefused(
            refusal=tx.mint(), lane=lane, direction=direction, reason=reason.name, at=tx.at.wall, license_plate=plate
        )
        tx.record(refused)

    return record
