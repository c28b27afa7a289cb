"""The schema's history. A migration that has shipped is never edited; the next one follows it, in the file of its
subject.

They are applied in the order in which they are read: `earlier`, `later`, then the subjects as they stand below.
"""

from __future__ import annotations

from edge.store.migrations import earlier, later, stays, reservations, places, lists, payments, ledger, tickets  # isort: skip
from edge.store.migrations import money_cases, lookalikes  # isort: skip
from edge.store.migrations.running import migrations

__all__ = [
    "earlier",
    "later",
    "ledger",
    "lists",
    "lookalikes",
    "migrations",
    "money_cases",
    "payments",
    "places",
    "reservations",
    "stays",
    "tickets",
]
