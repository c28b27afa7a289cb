"""Anti-passback: what becomes of a permit that enters twice, or leaves without having entered."""

from __future__ import annotations

from enum import StrEnum


class Passback(StrEnum):
    HARD = "hard"
    """Refused"""
    SOFT = "soft"
    """Let through, and on record"""
    OFF = "off"
    """Let through"""
