"""When a lane or a station gives receipts."""

from __future__ import annotations

from enum import StrEnum


class GiveReceipts(StrEnum):
    ALWAYS = "always"
    ASKED = "asked"
    """At the press of the button, and at a person's word"""
    NEVER = "never"
    """Only at a person's word"""
