"""A person's word, without which nothing about a stay is put right by hand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """Whose word it is, and what they say about it: neither is ever empty."""

    by: str
    reason: str
