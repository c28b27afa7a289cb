"""Admits a vehicle, on the reservation that it comes on if it does: claim, ticket and place are one decision."""

from __future__ import annotations

from dataclasses import replace

from edge.lane.signals import Asked, Code
from edge.parking import entry
from edge.parking.access.entitlement import Reserved
from edge.parking.entry import Admitted, Arrival
from edge.parking.reservations.arriving import keep_terms
from edge.parking.reservations.claiming import Claims, ComeLater, Shown
from edge.parking.stays.tickets import WithoutStay
from edge.store import Transaction
from models.allocation import Plan
from models.refusals import Refusal
from models.tariff import Tariff


def admit(
    tx: Transaction, claims: Claims, asked: Asked, arrival: Arrival, tariff: Tariff, plan: Plan
) -> Admitted | WithoutStay | ComeLater | Refusal:
    """As `entry.admit`. A code that stands for nothing opens nothing, but for whom a person lets in."""
    code = asked.credential.text if isinstance(asked.credential, Code) else None
    claimed = claims.claim(tx, Shown(code, arrival.plate, arrival.by_hand))
    if isinstance(claimed, Reserved):
        return _on_reservation(tx, claims, claimed, code, arrival, tariff, plan)
    if claimed is not None and not arrival.by_hand:
        return claimed
    return entry.admit(tx, arrival, tariff, plan)


def _on_reservation(
    tx: Transaction,
    claims: Claims,
    reserved: Reserved,
    code: str | None,
    arrival: Arrival,
    tariff: Tariff,
    plan: Plan,
) -> Admitted | WithoutStay | ComeLater | Refusal:
    right = replace(arrival.right, reserved=reserved)
    by = arrival.by if arrival.by_hand else "reservation"
    answer = entry.admit(tx, replace(arrival.on(reserved.spot_type), right=right, by=by), tariff, plan)
    if isinstance(answer, Admitted):
        keep_terms(tx, reserved.reservation, claims.rules, code)
    return ComeLater(reserved.window.start, tx.at.wall) if answer is Refusal.RESERVATION_EARLY else answer
