"""The lot's SQLite: the only truth about its tickets and spots, and the journal that tells the cloud of it."""

from edge.store.database import Store, StoreUnavailable
from edge.store.transaction import Transaction

__all__ = ["Store", "StoreUnavailable", "Transaction"]
