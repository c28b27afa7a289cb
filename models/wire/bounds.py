"""What every store can hold: of what comes from the other side, no text has NUL or no end, no number over 64 bits."""

from __future__ import annotations

from pydantic import Field

LARGEST = 2**63 - 1
"""The largest number that the stores hold."""
NO_NUL = r"^[^\x00]*$"
"""No store holds the character NUL."""
LONGEST_TEXT = 4 * 1024 * 1024
LONGEST_TARIFF = 32 * 1024
"""Bytes of a tariff's terms. They stand on each ticket: the fact that opens one fits into an envelope however badly
it shrinks."""

ID = Field(max_length=36, pattern=NO_NUL)
"""A UUID as it is written"""
HASH = Field(max_length=64, pattern=NO_NUL)
WORD = Field(max_length=1000, pattern=NO_NUL)
"""A name, a kind, a release, a short reason"""
TEXT = Field(max_length=LONGEST_TEXT, pattern=NO_NUL)
"""A whole body: no longer than an envelope that may be unpacked"""
COUNT = Field(ge=0, le=LARGEST)
NUMBER = Field(ge=-LARGEST - 1, le=LARGEST)
