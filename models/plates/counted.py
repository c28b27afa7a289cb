"""Misread characters as they were counted. Written by `bench/confusions.py`; not by hand."""

from __future__ import annotations

SHOWN: dict[str, int] = {}
MISREAD: dict[str, dict[str, int]] = {}
