"""The nearest right spelling of a word that was written wrong."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process

NEAR_ENOUGH = 65.0
"""Percent of `rapidfuzz.fuzz.ratio`: `HANDICAPED` for HANDICAP is 89, `EV` for LARGE is 29."""


def nearest(written: str, right: Iterable[str]) -> str | None:
    """The word of `right` that is most like `written`, letter case and `-` for `_` aside; None when none is near."""
    found = process.extractOne(written, sorted(right), processor=_plain, scorer=fuzz.ratio, score_cutoff=NEAR_ENOUGH)
    return None if found is None else found[0]


def _plain(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")
