"""Money: integer minor units with an ISO 4217 currency."""

from __future__ import annotations

import re
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
_TYPED = re.compile(r"(\d{1,12})(?:\.(\d{1,4}))?", re.ASCII)


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


def typed(text: str, currency: str) -> Minor:
    """An amount as a person types it: `4.50`, `4`, or as `written` writes it. Raises ValueError for anything that could
    be read in two ways: `1.000` is a thousand to some."""
    plain = text.strip().removesuffix(currency).rstrip()
    found, places = _TYPED.fullmatch(plain), exponent(currency)
    if found is None or len(found[2] or "") > places:
        example = written(Minor(450 * 10**places // 100), currency).partition(" ")[0]
        raise ValueError(f"{text!r} isn't an amount in {currency}: it is written such as {example}")
    return from_major(Decimal(plain), currency)


def written(amount: Minor, currency: str) -> str:
    """The amount as a bill shows it: `2.50 EUR`."""
    return f"{Decimal(amount).scaleb(-exponent(currency)):.{exponent(currency)}f} {currency}"
