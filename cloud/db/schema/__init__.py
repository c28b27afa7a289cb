"""The cloud's tables. Ids are UUIDs, times UTC microseconds, money minor units; every row carries its tenant.

A lot mints its own ids, so its rows are keyed by (lot_id, id): no lot can touch or take another's.
What a fact changes in the tables that a lot has too is decided in `models.effects`, not here.
"""

from cloud.db.schema.at_the_lanes import beacons, faults, help_calls, lane_orders, lane_states, lanes, passages
from cloud.db.schema.booking import reservation_quotas, reservations
from cloud.db.schema.columns import metadata
from cloud.db.schema.commanding import commands, lot_keys, taken_commands
from cloud.db.schema.comparing import RESYNC_STATES, differences, digests, resyncs, snapshot_parts
from cloud.db.schema.journal import (
    CASE_KINDS,
    PARKED_CAUSES,
    PARKED_OUTCOMES,
    PERSON_IN_BODY,
    cases,
    facts,
    parked_facts,
    streams,
    torn_tickets,
)
from cloud.db.schema.looked_after import ticket_mendings, ticket_suspicions, valet_stays
from cloud.db.schema.lots import IS_FREE, LOTS_CHANGED, levels, lot_logins, parking_lots, spots
from cloud.db.schema.policy import INTENTS_ISSUED, intents, policies, standing_intents
from cloud.db.schema.retention import deletions
from cloud.db.schema.stays import (
    access_refusals,
    closings,
    fee_corrections,
    ledger_entries,
    payments,
    receipts,
    tickets,
    vehicles,
)
from cloud.db.schema.tenancy import SCOPES, api_keys, tenants
from models.tickets import ReservationStatus

__all__ = [
    "CASE_KINDS",
    "INTENTS_ISSUED",
    "IS_FREE",
    "LOTS_CHANGED",
    "PARKED_CAUSES",
    "PARKED_OUTCOMES",
    "PERSON_IN_BODY",
    "RESYNC_STATES",
    "SCOPES",
    "ReservationStatus",
    "access_refusals",
    "api_keys",
    "beacons",
    "cases",
    "closings",
    "commands",
    "deletions",
    "differences",
    "digests",
    "facts",
    "faults",
    "fee_corrections",
    "help_calls",
    "intents",
    "lane_orders",
    "lane_states",
    "lanes",
    "ledger_entries",
    "levels",
    "lot_keys",
    "lot_logins",
    "metadata",
    "parked_facts",
    "parking_lots",
    "passages",
    "payments",
    "policies",
    "receipts",
    "reservation_quotas",
    "reservations",
    "resyncs",
    "snapshot_parts",
    "spots",
    "standing_intents",
    "streams",
    "taken_commands",
    "tenants",
    "ticket_mendings",
    "ticket_suspicions",
    "tickets",
    "torn_tickets",
    "valet_stays",
    "vehicles",
]
