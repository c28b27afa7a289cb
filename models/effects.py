"""What each fact changes in the tables: one answer for the lot's SQLite and the cloud's PostgreSQL.

The lot applies these changes in the transaction that records the fact, the cloud when the fact arrives.
Because both ask here, a ticket can't differ from its facts on either side. Every change sets values and
never adds to them, so applying a run of changes to a row equals applying their merged values once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from types import MappingProxyType
from typing import Literal, NamedTuple

from models.facts import (
    AccessRefused,
    ClockSet,
    CloudKeysLearnt,
    CommandEnded,
    CommandRefused,
    CommandTaken,
    DaemonStarted,
    DebtCollected,
    ExitAbandoned,
    ExitAllowed,
    ExitAllowedV1,
    Fact,
    FaultCleared,
    FaultRaised,
    FeeBounded,
    FeeCorrected,
    HelpCalled,
    IntentsTaken,
    LaneHeld,
    LaneOrdered,
    LaneReleased,
    LaneTimed,
    LevelDeclared,
    LinkInterrupted,
    LotDeclared,
    LotRestored,
    MachineMeasured,
    PassageCounted,
    PassbackNoted,
    PassbackReset,
    PaymentTaken,
    PlateDiffered,
    RecordsErased,
    SpotsRemoved,
    StateDigested,
    StayDated,
    StoreQuarantined,
    StreamOpened,
    TelemetryBegun,
    TicketClosed,
    TicketConfirmed,
    TicketOpened,
    TicketRestored,
    TicketUnresolved,
    TicketVoided,
    UnableToCollect,
    VehicleRegistered,
    VehicleRegisteredV1,
)
from models.facts.base import ERASED
from models.facts.restoring import RestoredPayment
from models.ids import LaneName, LotId, SpotId, TicketId, lane_id
from models.instants import Instant
from models.lanes import HoldCause, LaneState
from models.spots import SpotStatus
from models.tickets import PaymentStatus, TicketStatus

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
    "taken_commands",
    "deletions",
]
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


def effects(fact: Fact, lot: LotId, spot_of: SpotOf) -> tuple[Change, ...]:
    """The row changes of one fact, in the order in which they must be made.

    Rows that belong to a lot carry `lot_id` in their values when they are inserted.
    """
    return tuple(_effects(fact, lot, spot_of))


@singledispatch
def _effects(fact: Fact, lot: LotId, spot_of: SpotOf) -> list[Change]:
    raise TypeError(f"no effects are written for {type(fact).__name__}")


@_effects.register
def _(
    fact: DaemonStarted
    | PlateDiffered
    | PassbackNoted
    | ClockSet
    | CommandRefused
    | CloudKeysLearnt
    | IntentsTaken
    | StoreQuarantined
    | StreamOpened,
    lot: LotId,
    spot_of: SpotOf,
) -> list[Change]:
    return []


@_effects.register
def _(
    fact: LaneTimed | MachineMeasured | LinkInterrupted | TelemetryBegun, lot: LotId, spot_of: SpotOf
) -> list[Change]:
    return []


@_effects.register
def _(fact: StateDigested | LotRestored, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return []


@_effects.register
def _(fact: RecordsErased, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "done_by": "lot",
        "disk_class": fact.disk_class,
        "what": fact.what,
        "count": fact.count,
        "up_to": fact.up_to,
        "why": fact.why,
        "at": fact.at,
    }
    return [Change("insert", "deletions", fact.erasure, values)]


@_effects.register
def _(fact: LotDeclared, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "name": fact.name,
        "address": fact.address,
        "timezone": fact.timezone,
        "currency": fact.currency,
        "total_spots": fact.total_spots,
        "lat": _degrees(fact.lat_microdegrees),
        "lng": _degrees(fact.lng_microdegrees),
    }
    return [Change("declare", "parking_lots", lot, values, {"neutral_since": None})]


@_effects.register
def _(fact: LevelDeclared, lot: LotId, spot_of: SpotOf) -> list[Change]:
    level = Change(
        "declare", "levels", fact.level, {"floor_number": fact.floor_number, "name": fact.name}, {"lot_id": lot}
    )
    return [level] + [
        Change(
            "declare",
            "spots",
            spot.id,
            {"level_id": fact.level, "spot_number": spot.number, "spot_type": spot.type, "removed": False},
            {"lot_id": lot, "status": SpotStatus.AVAILABLE},
        )
        for spot in fact.spots
    ]


@_effects.register
def _(fact: SpotsRemoved, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "spots", spot, {"removed": True}) for spot in fact.spots]


@_effects.register
def _(fact: VehicleRegistered | VehicleRegisteredV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "license_plate": _plate(fact.license_plate),
        "vehicle_type": fact.vehicle_type,
        "owner_id": None,
        "neutral_since": None,
    }
    return [Change("insert", "vehicles", fact.vehicle, values)]


@_effects.register
def _(fact: TicketOpened, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "code": fact.code,
        "vehicle_id": fact.vehicle,
        "spot_id": fact.spot,
        "vehicle_type": fact.vehicle_type,
        "entry_lane": fact.lane,
        "entry_time": fact.entered,
        "exit_lane": None,
        "exit_time": None,
        "status": TicketStatus.ADMITTED,
        "settled_at": None,
        "amount_due": None,
        "amount_paid": 0,
        "currency": fact.tariff.currency,
        "tariff": fact.tariff.model_dump_json(),
        "fee_bounded": False,
        "refund_owed": 0,
    }
    return [Change("insert", "tickets", fact.ticket, values), *_spot(fact.spot, SpotStatus.OCCUPIED)]


@_effects.register
def _(fact: TicketRestored, lot: LotId, spot_of: SpotOf) -> list[Change]:
    """Whoever has the stay already, the cloud as a rule, has it as the fact says from now on."""
    of_lot: dict[str, Value] = {"lot_id": lot}
    vehicle: dict[str, Value] = {
        "license_plate": None if fact.license_plate == ERASED else fact.license_plate,
        "vehicle_type": fact.vehicle_type.value,
    }
    stay: dict[str, Value] = {
        "code": fact.code,
        "vehicle_id": fact.vehicle,
        "spot_id": fact.spot,
        "vehicle_type": fact.vehicle_type.value,
        "entry_lane": fact.entry_lane,
        "entry_time": fact.entered,
        "exit_lane": fact.exit_lane,
        "exit_time": fact.exit_time,
        "status": fact.status.value,
        "settled_at": fact.settled_at,
        "amount_due": fact.amount_due,
        "amount_paid": fact.amount_paid,
        "currency": fact.currency,
        "tariff": fact.tariff,
        "fee_bounded": fact.fee_bounded,
        "refund_owed": fact.refund_owed,
    }
    return [
        Change("declare", "vehicles", fact.vehicle, vehicle, {**of_lot, "owner_id": None, "neutral_since": None}),
        Change("declare", "tickets", fact.ticket, stay, of_lot),
        *_spot(fact.spot, SpotStatus.OCCUPIED),
        *(_restored(payment, fact.ticket, of_lot) for payment in fact.payments),
    ]


def _restored(payment: RestoredPayment, ticket: TicketId, of_lot: Mapping[str, Value]) -> Change:
    values: dict[str, Value] = {
        "ticket_id": ticket,
        "lane": payment.lane,
        "amount": payment.amount,
        "currency": payment.currency,
        "method": payment.method,
        "reference": payment.reference,
        "status": payment.status.value,
        "at": payment.at,
    }
    return Change("declare", "payments", payment.payment, values, of_lot)


@_effects.register
def _(fact: TicketConfirmed, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"status": TicketStatus.ACTIVE})]


@_effects.register
def _(fact: TicketVoided, lot: LotId, spot_of: SpotOf) -> list[Change]:
    voided = Change("update", "tickets", fact.ticket, {"status": TicketStatus.VOIDED})
    return [voided, *_spot(spot_of(fact.ticket), SpotStatus.AVAILABLE)]


@_effects.register
def _(fact: TicketUnresolved, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"status": TicketStatus.UNRESOLVED})]


@_effects.register
def _(fact: ExitAllowed | ExitAllowedV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {"exit_lane": fact.lane, "settled_at": fact.settled_until, "amount_due": fact.amount_due}
    return [Change("update", "tickets", fact.ticket, values)]


@_effects.register
def _(fact: ExitAbandoned, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"exit_lane": None})]


@_effects.register
def _(fact: TicketClosed, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "status": TicketStatus.COMPLETED,
        "exit_lane": fact.lane,
        "exit_time": fact.exited,
        "amount_due": fact.amount_due,
        "amount_paid": fact.amount_paid,
    }
    return [Change("update", "tickets", fact.ticket, values), *_spot(spot_of(fact.ticket), SpotStatus.AVAILABLE)]


@_effects.register
def _(fact: PaymentTaken, lot: LotId, spot_of: SpotOf) -> list[Change]:
    payment: dict[str, Value] = {
        "lot_id": lot,
        "ticket_id": fact.ticket,
        "lane": fact.lane,
        "amount": fact.amount,
        "currency": fact.currency,
        "method": fact.method,
        "reference": fact.reference,
        "status": PaymentStatus.TAKEN,
        "at": fact.taken,
    }
    return [
        Change("insert", "payments", fact.payment, payment),
        Change("update", "tickets", fact.ticket, {"amount_paid": fact.paid_in_all}),
    ]


@_effects.register
def _(fact: UnableToCollect, lot: LotId, spot_of: SpotOf) -> list[Change]:
    debt: dict[str, Value] = {
        "lot_id": lot,
        "ticket_id": fact.ticket,
        "lane": fact.lane,
        "amount": fact.amount,
        "currency": fact.currency,
        "method": "none",
        "reference": fact.reason,
        "status": PaymentStatus.UNCOLLECTED,
        "at": fact.at,
    }
    return [Change("insert", "payments", fact.payment, debt)]


@_effects.register
def _(fact: DebtCollected, lot: LotId, spot_of: SpotOf) -> list[Change]:
    paid: dict[str, Value] = {
        "lane": fact.lane,
        "method": fact.method,
        "reference": fact.reference,
        "status": PaymentStatus.TAKEN,
        "at": fact.taken,
    }
    return [
        Change("update", "payments", fact.payment, paid),
        Change("update", "tickets", fact.ticket, {"amount_paid": fact.paid_in_all}),
    ]


@_effects.register
def _(fact: StayDated, lot: LotId, spot_of: SpotOf) -> list[Change]:
    dated = {"entry_time": fact.entered, "settled_at": fact.settled, "exit_time": fact.exited}
    return [Change("update", "tickets", fact.ticket, {column: at for column, at in dated.items() if at is not None})]


@_effects.register
def _(fact: FeeBounded, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"fee_bounded": True})]


@_effects.register
def _(fact: FeeCorrected, lot: LotId, spot_of: SpotOf) -> list[Change]:
    correction: dict[str, Value] = {
        "lot_id": lot,
        "ticket_id": fact.ticket,
        "why": fact.why,
        "fee_before": fact.fee_before,
        "fee": fact.fee,
        "paid": fact.paid,
        "refund_owed": fact.refund_owed,
        "currency": fact.currency,
        "at": fact.at,
    }
    return [
        Change("insert", "fee_corrections", fact.correction, correction),
        Change("update", "tickets", fact.ticket, {"amount_due": fact.fee, "refund_owed": fact.refund_owed}),
    ]


@_effects.register
def _(fact: AccessRefused, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "lane": fact.lane,
        "direction": fact.direction,
        "reason": fact.reason,
        "license_plate": _plate(fact.license_plate),
        "at": fact.at,
    }
    return [Change("insert", "access_refusals", fact.refusal, values)]


@_effects.register
def _(fact: FaultRaised, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "code": fact.code,
        "source": fact.source,
        "detail": fact.detail,
        "raised_at": fact.at,
        "cleared_at": None,
    }
    return [Change("insert", "faults", fact.fault, values)]


@_effects.register
def _(fact: FaultCleared, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "faults", fact.fault, {"cleared_at": fact.at})]


@_effects.register
def _(fact: LaneOrdered, lot: LotId, spot_of: SpotOf) -> list[Change]:
    order: dict[str, Value] = {
        "lot_id": lot,
        "order_id": fact.order,
        "lane": fact.lane,
        "kind": fact.kind,
        "given_by": fact.by,
        "reason": fact.reason,
        "state": fact.state,
        "obeyed": fact.obeyed,
        "why_not": fact.why_not,
        "at": fact.at,
    }
    changes = [Change("insert", "lane_orders", fact.record, order)]
    if fact.obeyed and fact.state is not None:
        changes.append(_lane(lot, fact.lane, fact.at, {"state": fact.state}))
    return changes


@_effects.register
def _(fact: LaneHeld, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [_lane(lot, fact.lane, fact.at, {"hold": fact.cause})]


@_effects.register
def _(fact: LaneReleased, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [_lane(lot, fact.lane, fact.at, {"hold": None})]


@_effects.register
def _(fact: PassageCounted, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "lane": fact.lane,
        "direction": fact.direction,
        "kind": fact.kind,
        "order_id": fact.order,
        "unable_to_collect": fact.unable_to_collect,
        "license_plate": _plate(fact.license_plate),
        "at": fact.at,
    }
    return [Change("insert", "passages", fact.passage, values)]


@_effects.register
def _(fact: HelpCalled, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "lane": fact.lane,
        "why": fact.why,
        "license_plate": _plate(fact.license_plate),
        "at": fact.at,
    }
    return [Change("insert", "help_calls", fact.call, values)]


@_effects.register
def _(fact: CommandTaken, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "lane": fact.lane,
        "kind": fact.kind,
        "given_by": fact.by,
        "reason": fact.reason,
        "issued_at": fact.issued_at,
        "taken_at": fact.at,
        "ended_at": None,
        "outcome": None,
        "said": "",
    }
    return [Change("insert", "taken_commands", fact.command, values)]


@_effects.register
def _(fact: CommandEnded, lot: LotId, spot_of: SpotOf) -> list[Change]:
    ended: dict[str, Value] = {"ended_at": fact.at, "outcome": fact.end, "said": fact.said}
    return [Change("update", "taken_commands", fact.command, ended)]


@_effects.register
def _(fact: PassbackReset, lot: LotId, spot_of: SpotOf) -> list[Change]:
    table, row = ("parking_lots", lot) if fact.vehicle is None else ("vehicles", fact.vehicle)
    return [Change("update", table, row, {"neutral_since": fact.at})]


def _plate(told: str | None) -> str | None:
    """A plate that was erased before its fact arrived is as good as none: nobody is called "erased"."""
    return None if told == ERASED else told


def _lane(lot: LotId, name: LaneName, at: Instant, now: Mapping[str, LaneState | HoldCause | None]) -> Change:
    """What a lane is set to. One that was never told anything is open and holds nothing."""
    at_first: dict[str, Value] = {"lot_id": lot, "name": name, "state": LaneState.OPEN, "hold": None}
    others = {column: value for column, value in at_first.items() if column not in now}
    return Change("declare", "lane_states", lane_id(lot, name), {**now, "changed_at": at}, others)


def _spot(spot: SpotId | None, status: SpotStatus) -> list[Change]:
    return [] if spot is None else [Change("update", "spots", spot, {"status": status})]


def _degrees(microdegrees: int | None) -> float | None:
    return None if microdegrees is None else microdegrees / 1_000_000
