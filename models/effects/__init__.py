"""What each fact changes in the tables: one answer for the lot's SQLite and the cloud's PostgreSQL.

The lot applies these changes in the transaction that records the fact, the cloud when the fact arrives.
Because both ask here, a ticket can't differ from its facts on either side. Every change sets values and
never adds to them, so applying a run of changes to a row equals applying their merged values once.
"""

from models.effects import (
    access,
    commands,
    deletions,
    faults,
    lanes,
    layout,
    ledger,
    lost,
    mending,
    payments,
    places,
    reservations,
    silent,
    tickets,
    valet,
)
from models.effects.by_fact import effects
from models.effects.changes import Change, SpotOf, Table, Value

__all__ = ["Change", "SpotOf", "Table", "Value", "effects"]

_REGISTERED = (
    access,
    commands,
    deletions,
    faults,
    lanes,
    layout,
    ledger,
    lost,
    mending,
    payments,
    places,
    reservations,
    silent,
    tickets,
    valet,
)
"""Each registers its facts when it is imported."""
