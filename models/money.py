"""Money: integer minor units with an ISO 4217 currency."""

from __future__ import annotations

from decimal import Decimal
from typing import NewType

Minor = NewType("Minor", int)
"""An amount in the currency's smallest unit: pence, cents, yen."""

# ISO 4217, amendment 176: the currencies whose exponent isn't 2.
_NO_DECIMALS = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"} | {
    "XAF",
    "XOF",
    "XPF",
}
_THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
_FOUR_DECIMALS = {"CLF", "UYW"}


def exponent(currency: str) -> int:
    """How many decimal places the currency has."""
    if currency in _NO_DECIMALS:
        return 0
    if currency in _THREE_DECIMALS:
        return 3
    return 4 if currency in _FOUR_DECIMALS else 2


def from_major(amount: Decimal, currency: str) -> Minor:
    """`2.50` euros are 250 cents. Raises ValueError for a part of a minor unit."""
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} {currency} has more decimal places than the currency ({exponent(currency)})")
    return Minor(int(scaled))


def written(amount: Minor, currency: str) -> str:
    """The amount as a bill shows it: `2.50 EUR`."""
    return f"{Decimal(amount).scaleb(-exponent(currency)):.{exponent(currency)}f} {currency}"
