"""What the lot's tables say of an intent: the permits, reservations and tariffs that the cloud has set."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from functools import singledispatch

from models.ids import LotId
from models.intents import (
    AccountLimited,
    Intent,
    PermitGranted,
    PermitGrantedV1,
    ReservationMade,
    ReservationQuota,
    TariffSet,
    VehicleBarred,
)


class Poisoned(Exception):
    """The intent can be read, and can't be carried out here: it is parked. The text holds nothing personal."""


def put_in_force(connection: sqlite3.Connection, lot: LotId, revision: int, intent: Intent) -> None:
    """Raises Poisoned, or sqlite3.IntegrityError."""
    _put(intent, connection, lot, revision)


def take_out_of_force(connection: sqlite3.Connection, subject: str) -> None:
    """Nothing that was said of this subject stands any more, whatever is said of it next."""
    about, _, id = subject.partition(":")
    forget = _OUT_OF_FORCE.get(about)
    if forget is not None:
        forget(connection, id)


def take_all_out_of_force(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM permits")
    connection.execute("DELETE FROM account_limits")
    connection.execute("DELETE FROM barred")
    connection.execute("DELETE FROM tariffs")
    connection.execute("DELETE FROM quotas_asked")
    connection.execute(_WITHDRAWN)


@singledispatch
def _put(intent: Intent, connection: sqlite3.Connection, lot: LotId, revision: int) -> None:
    raise TypeError(f"nothing is written for {type(intent).__name__}")


@_put.register
def _(intent: PermitGranted | PermitGrantedV1, connection: sqlite3.Connection, lot: LotId, revision: int) -> None:
    since_v1 = set(type(intent).model_fields) - set(PermitGrantedV1.model_fields)
    terms = intent.model_dump_json(include=since_v1)
    connection.execute(
        "INSERT INTO permits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(intent.permit, revision, json.dumps(intent.plates), json.dumps(intent.cards)),
            *(json.dumps(intent.rights), intent.passback, intent.valid_from, intent.valid_until, terms, intent.account),
        ),
    )


@_put.register
def _(intent: AccountLimited, connection: sqlite3.Connection, lot: LotId, revision: int) -> None:
    connection.execute("INSERT INTO account_limits VALUES (?, ?)", (intent.account, intent.in_at_a_time))


@_put.register
def _(intent: VehicleBarred, connection: sqlite3.Connection, lot: LotId, revision: int) -> None:
    values = (intent.barred, json.dumps(intent.plates), intent.reason, intent.action, intent.until)
    connection.execute("INSERT INTO barred VALUES (?, ?, ?, ?, ?)", values)


@_put.register
def _(intent: TariffSet, connection: sqlite3.Connection, lot: LotId, revision: int) -> None:
    row = connection.execute("SELECT currency FROM parking_lots WHERE id = ?", (lot,)).fetchone()
    if row is not None and row["currency"] != intent.currency:
        raise Poisoned(f"the lot takes {row['currency']}, the tariff is in {intent.currency}")
    try:
        tariff = intent.read()
    except (ValueError, ArithmeticError) as wrong:
        # A tariff holds nothing personal, but pydantic would quote all of it, over many lines.
        raise Poisoned(str(wrong).splitlines()[0]) from None
    values = (intent.tariff, revision, intent.name, intent.valid_from, tariff.model_dump_json())
    connection.execute("INSERT INTO tariffs VALUES (?, ?, ?, ?, ?)", values)


@_put.register
def _(intent: ReservationMade, connection: sqlite3.Connection, lot: LotId, revision: int) -> None:
    connection.execute(
        _BOOKED,
        (
            *(intent.reservation, lot, intent.spot_type, intent.user, intent.start_time, intent.end_time),
            *(intent.code_hash, intent.license_plate),
        ),
    )


@_put.register
def _(intent: ReservationQuota, connection: sqlite3.Connection, lot: LotId, revision: int) -> None:
    connection.execute("INSERT INTO quotas_asked VALUES (?, ?, ?)", (intent.quota, intent.places, revision))


_WITHDRAWN = """
    UPDATE reservations SET withdrawn = 1, license_plate = CASE status WHEN 'BOOKED' THEN NULL ELSE license_plate END,
        status = CASE status WHEN 'BOOKED' THEN 'CANCELLED' ELSE status END"""
"""Whoever has come in on it stays inside on it."""
_BOOKED = """
    INSERT INTO reservations
        (id, lot_id, spot_type, spot_id, user_id, start_time, end_time, status, code_hash, license_plate)
    VALUES (?, ?, ?, NULL, ?, ?, ?, 'BOOKED', ?, ?)
    ON CONFLICT (id) DO UPDATE SET spot_type = excluded.spot_type, user_id = excluded.user_id,
        start_time = excluded.start_time, end_time = excluded.end_time, license_plate = excluded.license_plate,
        code_hash = coalesce(excluded.code_hash, code_hash), withdrawn = 0,
        status = CASE
            WHEN status = 'ARRIVED' OR (status = 'EXPIRED' AND excluded.end_time <= end_time) THEN status
            ELSE 'BOOKED' END"""
"""Said once more, or anew: who has come already doesn't come twice, and who was given up isn't waited for again."""

_OUT_OF_FORCE: dict[str, Callable[[sqlite3.Connection, str], object]] = {
    "permit": lambda connection, id: connection.execute("DELETE FROM permits WHERE id = ?", (id,)),
    "account": lambda connection, name: connection.execute("DELETE FROM account_limits WHERE account = ?", (name,)),
    "barred": lambda connection, id: connection.execute("DELETE FROM barred WHERE id = ?", (id,)),
    "tariff": lambda connection, id: connection.execute("DELETE FROM tariffs WHERE id = ?", (id,)),
    "quota": lambda connection, type: connection.execute("DELETE FROM quotas_asked WHERE spot_type = ?", (type,)),
    "reservation": lambda connection, id: connection.execute(f"{_WITHDRAWN} WHERE id = ?", (id,)),
}
