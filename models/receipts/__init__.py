"""Receipts and credit notes: what stands on them, and how that looks on paper (pure)."""
