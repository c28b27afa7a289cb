"""The accounts of a lot. What stands to somebody's debit is positive, what stands to their credit negative."""

from __future__ import annotations

import re
from typing import NewType

Account = NewType("Account", str)
"""A name, and behind a colon which one of its kind: `cash:north`."""

RECEIVABLE = Account("receivable")
"""What a ticket's driver has yet to pay; below zero: what was paid before it fell due"""
REVENUE = Account("revenue")
"""Fees without their taxes"""
UNCOLLECTED = Account("uncollected")
"""Debts: what vehicles were let out without paying"""
REFUNDS_OWED = Account("refunds_owed")
"""What the lot owes to drivers"""
REFUNDS_GIVEN = Account("refunds_given")
"""Money given back though the fee was right: it lessens what was earned"""
DISPUTED = Account("disputed")
"""What a provider took back while a driver's bank disputes a payment"""
DISPUTES_LOST = Account("disputes_lost")
WRITTEN_OFF = Account("written_off")
"""Debts that nobody will pay"""
UNALLOCATED = Account("unallocated")
"""Money of which nobody knows yet for what it was paid"""
DIFFERENCES = Account("differences")
"""What drawers held more or less than the books said"""
SAFE = Account("safe")
"""Where a drawer's money comes from and goes to"""
OPENING = Account("opening")
"""What happened before the books were begun"""

_FORM = re.compile(r"[a-z][a-z_]{0,31}(:[^\x00-\x1f]{1,64})?")


def tax(name: str) -> Account:
    """What of the fees is that tax, and the state's."""
    return Account(f"tax:{name[:64]}")


def provider(name: str) -> Account:
    """What somebody who takes cards has taken for the lot."""
    return Account(f"provider:{name}")


def cash(drawer: str) -> Account:
    """The money in a drawer, or in a machine that takes coins and notes."""
    return Account(f"cash:{drawer}")


def held_by(name: str) -> Account:
    """Where the money lies that this one has taken. A machine for coins bears the name of the account of its box."""
    return Account(name) if is_cash(name) else provider(name)


def is_cash(account: str) -> bool:
    """Whether coins and notes lie in it."""
    return account.startswith("cash:")


def is_account(text: str) -> bool:
    return _FORM.fullmatch(text) is not None


def is_income(account: str) -> bool:
    """Whether it is part of what fees came to."""
    return account == REVENUE or account.startswith("tax:")


def is_money(account: str) -> bool:
    """Whether money lies in it: a drawer's, or a provider's for the lot."""
    return account.startswith(("cash:", "provider:"))
