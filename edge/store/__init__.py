"""The lot's SQLite: the only truth about its tickets and spots, and the journal that tells the cloud of it."""

from edge.store.database import Store
from edge.store.transaction import Transaction
from edge.store.trouble import StoreDamaged, StoreFull, StoreTaken, StoreUnavailable

__all__ = ["Store", "StoreDamaged", "StoreFull", "StoreTaken", "StoreUnavailable", "Transaction"]
