"""What lot and cloud compare to know that they say the same: which rows, which columns, and how they are hashed.

Read from the tables themselves, not kept up with each change: a sum that is carried along would go on agreeing
about a row that a bad disk has altered since. So that it stays cheap, a digest covers all that is alive (the
layout, the lanes, open tickets and faults), the newest rows of what has happened, and one slice more of the last
thirty days, each time the next one: an altered field is found at once where it matters now, and within one round
wherever it is. What is older is the cloud's alone: the lot forgets. Plates aren't in it, so masking changes nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence

from models.effects import Table, Value
from models.facts.digests import DigestedPart, Part
from models.ids import uuid7
from models.instants import HOUR, Instant
from models.tickets import OPEN
from models.wire.chain import canonical

LAYOUT = 2
"""Of the columns and parts below. Whoever changes them counts it up: digests of other layouts aren't compared."""

COLUMNS: Mapping[Table, tuple[str, ...]] = {
    "parking_lots": ("name", "address", "timezone", "currency", "total_spots", "lat", "lng", "neutral_since"),
    "levels": ("floor_number", "name"),
    "spots": ("level_id", "spot_number", "spot_type", "status", "removed", "zone", "blocked"),
    "vehicles": ("vehicle_type", "owner_id", "neutral_since"),
    "tickets": (
        *("code", "spot_id", "vehicle_type", "entry_lane", "entry_time", "exit_lane", "exit_time", "status"),
        *("settled_at", "amount_due", "amount_paid", "currency", "tariff", "fee_bounded", "refund_owed"),
        *("serial", "entered_by", "permit_id", "account", "reservation_id"),
        *("lost", "entry_known", "picture", "merged_into", "validations"),
        *("exit_match", "exit_picture"),
    ),
    "payments": (
        *("ticket_id", "lane", "amount", "currency", "method", "reference", "status", "at", "provider", "charge_id"),
    ),
    "access_refusals": ("lane", "direction", "reason", "at"),
    "faults": ("code", "source", "detail", "raised_at", "cleared_at"),
    "lane_states": ("name", "state", "hold", "changed_at"),
    "lane_orders": ("order_id", "lane", "kind", "given_by", "reason", "state", "obeyed", "why_not", "at"),
    "passages": ("lane", "direction", "kind", "order_id", "unable_to_collect", "at"),
    "help_calls": ("lane", "why", "at"),
    "reservation_quotas": ("spot_type", "asked", "kept", "revision", "kept_at"),
    "fee_corrections": ("ticket_id", "why", "fee_before", "fee", "paid", "refund_owed", "currency", "at"),
    "ledger_entries": (
        *("posting_id", "ticket_id", "kind", "account", "amount", "currency", "payment_id", "reverses", "day"),
        *("given_by", "reason", "at"),
    ),
    "closings": ("what", "number", "drawer", "report", "given_by", "at"),
    "receipts": ("number", "ticket_id", "total", "currency", "said", "at"),
    "ticket_suspicions": ("kind", "ticket_id", "other_id", "lane", "done", "at"),
    "ticket_mendings": (
        *("kind", "ticket_id", "other_id", "given_by", "reason", "at", "was"),
        *("undone_at", "undone_by", "undone_reason"),
    ),
    "valet_stays": (
        *("ticket_id", "tag", "state", "taken_by", "taken_at", "spot_id", "place", "parked_at", "called_at"),
        *("fetching_by", "ready_at", "handed_back_at", "handed_back_by", "against", "reason"),
    ),
}
"""What both sides have of each table and neither may change by itself."""

PERSONAL: Mapping[Table, tuple[str, ...]] = {
    # The stay that is masked while its vehicle's plate is still needed comes to belong to nobody.
    "tickets": ("vehicle_id", "masked_at"),
    "vehicles": ("license_plate",),
    "access_refusals": ("license_plate",),
    "passages": ("license_plate",),
    "help_calls": ("license_plate",),
}
"""What leads to a person, and is erased on each side by itself."""

TICKET_IN: Mapping[Table, str] = {
    "tickets": "id",
    **dict.fromkeys(("payments", "fee_corrections", "ledger_entries", "receipts"), "ticket_id"),
    **dict.fromkeys(("ticket_suspicions", "ticket_mendings", "valet_stays"), "ticket_id"),
}
"""The tables whose rows are a ticket or hang on one, and the column that names it."""

WHOLE: tuple[Table, ...] = ("parking_lots", "levels", "spots", "lane_states", "reservation_quotas")
"""Small tables of the present, compared whole."""
OPEN_ROWS: Mapping[Table, str] = {
    "tickets": f"status IN ({', '.join(repr(str(status)) for status in OPEN)})",
    "faults": "cleared_at IS NULL",
}
"""Tables of which the open rows are compared whole, and what makes a row open."""
HISTORY: tuple[Table, ...] = (
    *("vehicles", "tickets", "payments", "access_refusals", "faults"),
    *("lane_orders", "passages", "help_calls", "fee_corrections", "ledger_entries"),
    *("closings", "receipts"),
    *("ticket_suspicions", "ticket_mendings", "valet_stays"),
)
"""Tables that grow, compared in runs of ids: those begin with the time (UUID version 7), the newest are the last."""

REMEMBERED = 30 * 24 * HOUR
"""No lot forgets what is younger; nothing older is compared."""
_MINTED = "7"
_VERSION_AT = 14
_HASH_DIGITS = 32


def digest_of(part: Part, rows: Iterable[Sequence[Value]]) -> DigestedPart:
    """The digest of a part's rows: each its id and then its `columns`, in the order of the ids.

    In a run only ids that the lot has minted count: others are each side's own.
    """
    lines = [canonical(list(row)) for row in rows if part.which != "run" or minted(str(row[0]))]
    hash = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_HASH_DIGITS]
    return DigestedPart(**part.model_dump(), rows=len(lines), hash=hash)


def table_named(name: str) -> Table:
    """Raises KeyError for a table that isn't compared."""
    for table in COLUMNS:
        if table == name:
            return table
    raise KeyError(name)


def before(id: str) -> str:
    """The id just before this one."""
    digits = f"{max(0, int(id.replace('-', ''), 16) - 1):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def minted(id: str) -> bool:
    """Whether it is an id that begins with its time."""
    return id[_VERSION_AT : _VERSION_AT + 1] == _MINTED


def oldest_compared(now: Instant) -> str:
    """Ids up to this one may be of rows that the lot has forgotten."""
    return uuid7(Instant(max(0, now - REMEMBERED)), bytes(10))


def known(part: Part) -> bool:
    """Whether this release can read that part of its tables: what comes from the other side is never put into SQL."""
    bounds = [bound for bound in (part.after, part.to) if bound is not None]
    return all(is_id(bound) for bound in bounds) and (
        (part.which == "all" and part.table in WHOLE)
        or (part.which == "open" and part.table in OPEN_ROWS)
        or (part.which == "run" and part.table in HISTORY)
    )


def is_id(text: str) -> bool:
    """Whether it is an id in the form in which lots write them."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def altered(ours: Iterable[DigestedPart], theirs: Iterable[DigestedPart]) -> tuple[DigestedPart, ...]:
    """Those of `theirs` that say something else than ours."""
    said = {digested.part: digested for digested in ours}
    return tuple(digested for digested in theirs if said.get(digested.part) != digested)
