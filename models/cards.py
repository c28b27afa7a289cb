"""Card numbers as text: one spelling for each."""

from __future__ import annotations


def card_number(text: str) -> str:
    """One spelling for each number: `17-04711` as its reader says it, whatever spaces and letter case a person writes.

    Leading zeros and dashes count: `17-4711` is another card.
    """
    return "".join(text.split()).upper()
