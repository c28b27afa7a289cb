"""What the facts of a stay change: its vehicle, its ticket, its spot."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value, plate_told, spot_set
from models.effects.ledger import restored as restored_entry
from models.effects.payments import restored
from models.facts import (
    ExitAbandoned,
    ExitAllowed,
    ExitAllowedV1,
    ExitAllowedV2,
    ExitPictured,
    StayDated,
    StaySettled,
    TicketClosed,
    TicketConfirmed,
    TicketOpened,
    TicketOpenedV1,
    TicketRestored,
    TicketRestoredV1,
    TicketRestoredV2,
    TicketUnresolved,
    TicketVoided,
    ValidationGiven,
    VehicleRegistered,
    VehicleRegisteredV1,
)
from models.facts.base import ERASED
from models.facts.restoring import RestoredEntry
from models.ids import LotId
from models.spots import SpotStatus
from models.tickets import NONE_GIVEN, TicketStatus, listed


@changes_of.register
def _(fact: VehicleRegistered | VehicleRegisteredV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "license_plate": plate_told(fact.license_plate),
        "vehicle_type": fact.vehicle_type,
        "owner_id": None,
        "neutral_since": None,
    }
    return [Change("insert", "vehicles", fact.vehicle, values)]


@changes_of.register
def _(fact: TicketOpened | TicketOpenedV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
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
        "lost": False,
        "entry_known": True,
        "picture": None,
        "exit_match": None,
        "exit_picture": None,
        "merged_into": None,
        "validations": NONE_GIVEN,
        **_by_what_right(fact),
    }
    return [Change("insert", "tickets", fact.ticket, values), *spot_set(fact.spot, SpotStatus.OCCUPIED)]


def _by_what_right(fact: TicketOpenedV1 | TicketRestoredV1) -> dict[str, Value]:
    """Of a fact from before these were told, what the columns say by themselves."""
    told = fact if isinstance(fact, TicketOpened | TicketRestoredV2) else None
    return {
        "serial": told and told.serial,
        "entered_by": told.by if told else "plate",
        "permit_id": told and told.permit,
        "account": told and told.account,
        "reservation_id": told and told.reservation,
    }


@changes_of.register
def _(fact: TicketRestored | TicketRestoredV2 | TicketRestoredV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
    """Whoever has the stay already, the cloud as a rule, has it as the fact says from now on."""
    of_lot: dict[str, Value] = {"lot_id": lot}
    told = fact if isinstance(fact, TicketRestoredV2) else None
    left = fact if isinstance(fact, TicketRestored) else None
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
        "lost": told is not None and told.lost,
        "entry_known": told is None or told.entry_known,
        "picture": told and told.picture,
        "exit_match": left and left.exit_match,
        "exit_picture": left and left.exit_picture,
        "merged_into": None,
        "validations": told.validations if told else NONE_GIVEN,
        **_by_what_right(fact),
    }
    return [
        Change("declare", "vehicles", fact.vehicle, vehicle, {**of_lot, "owner_id": None, "neutral_since": None}),
        Change("declare", "tickets", fact.ticket, stay, of_lot),
        *spot_set(fact.spot, SpotStatus.OCCUPIED),
        *(restored(payment, fact.ticket, of_lot) for payment in fact.payments),
        *(restored_entry(entry, fact.ticket, of_lot) for entry in _entries(fact)),
    ]


def _entries(fact: TicketRestoredV1) -> tuple[RestoredEntry, ...]:
    return fact.entries if isinstance(fact, TicketRestoredV2) else ()


@changes_of.register
def _(fact: StaySettled, lot: LotId, spot_of: SpotOf) -> list[Change]:
    settled: dict[str, Value] = {"settled_at": fact.settled_until, "amount_due": fact.amount_due}
    return [Change("update", "tickets", fact.ticket, settled)]


@changes_of.register
def _(fact: ValidationGiven, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"validations": listed(fact.all)})]


@changes_of.register
def _(fact: TicketConfirmed, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"status": TicketStatus.ACTIVE})]


@changes_of.register
def _(fact: TicketVoided, lot: LotId, spot_of: SpotOf) -> list[Change]:
    voided = Change("update", "tickets", fact.ticket, {"status": TicketStatus.VOIDED})
    return [voided, *spot_set(spot_of(fact.ticket), SpotStatus.AVAILABLE)]


@changes_of.register
def _(fact: TicketUnresolved, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"status": TicketStatus.UNRESOLVED})]


@changes_of.register
def _(fact: ExitAllowed | ExitAllowedV2 | ExitAllowedV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {"exit_lane": fact.lane, "settled_at": fact.settled_until, "amount_due": fact.amount_due}
    if isinstance(fact, ExitAllowed):
        # Before that, no lot kept it.
        values["exit_match"] = fact.match
    return [Change("update", "tickets", fact.ticket, values)]


@changes_of.register
def _(fact: ExitAbandoned, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"exit_lane": None, "exit_match": None})]


@changes_of.register
def _(fact: ExitPictured, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"exit_picture": fact.picture})]


@changes_of.register
def _(fact: TicketClosed, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "status": TicketStatus.COMPLETED,
        "exit_lane": fact.lane,
        "exit_time": fact.exited,
        "amount_due": fact.amount_due,
        "amount_paid": fact.amount_paid,
    }
    return [Change("update", "tickets", fact.ticket, values), *spot_set(spot_of(fact.ticket), SpotStatus.AVAILABLE)]


@changes_of.register
def _(fact: StayDated, lot: LotId, spot_of: SpotOf) -> list[Change]:
    dated = {"entry_time": fact.entered, "settled_at": fact.settled, "exit_time": fact.exited}
    return [Change("update", "tickets", fact.ticket, {column: at for column, at in dated.items() if at is not None})]
