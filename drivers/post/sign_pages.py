"""What a sign of few and short lines shows of a text, and in which turns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

Page = tuple[str, ...]
"""One line for each line of the sign, none longer than the sign is wide."""

_LONGEST = 400
"""More of one text nobody reads from a car."""


class Overflow(StrEnum):
    """What becomes of a text that doesn't fit."""

    WRAP = "wrap"
    """It goes on in the next line, and on the next page when there is none"""
    SCROLL = "scroll"
    """Each line moves on by whole words"""


def pages(text: Sequence[str], rows: int, width: int, overflow: Overflow) -> tuple[Page, ...]:
    """At least one; more are shown in turn, for ever."""
    lines = [line[:_LONGEST] for line in text]
    return _wrapped(lines, rows, width) if overflow is Overflow.WRAP else _scrolled(lines, rows, width)


def _wrapped(lines: list[str], rows: int, width: int) -> tuple[Page, ...]:
    turns: list[list[str]] = [[]]
    for wrapped in (_rows(line, width) for line in lines):
        # What fits on one page is read in one piece.
        if rows - len(turns[-1]) < len(wrapped) <= rows:
            turns.append([])
        for row in wrapped:
            if len(turns[-1]) == rows:
                turns.append([])
            turns[-1].append(row)
    return tuple(_page(turn, rows) for turn in turns)


def _scrolled(lines: list[str], rows: int, width: int) -> tuple[Page, ...]:
    if len(lines) > rows:
        lines = [*lines[: rows - 1], " ".join(lines[rows - 1 :])]
    windows = [_windows(line, width) for line in lines]
    turns = max((len(window) for window in windows), default=1)
    return tuple(_page([window[min(turn, len(window) - 1)] for window in windows], rows) for turn in range(turns))


def _page(lines: list[str], rows: int) -> Page:
    return (*lines, *[""] * (rows - len(lines)))


def _rows(line: str, width: int) -> list[str]:
    """Cut between words; a word that is longer than a line is cut where it must be."""
    rows = [""]
    for word in _words(line, width):
        joined = f"{rows[-1]} {word}" if rows[-1] else word
        if len(joined) <= width:
            rows[-1] = joined
        else:
            rows.append(word)
    return rows


def _words(line: str, width: int) -> list[str]:
    return [word[start : start + width] for word in line.split() for start in range(0, len(word), width)]


def _windows(line: str, width: int) -> list[str]:
    """The line as it is seen through the sign, from each of its words on, until its end has been seen."""
    words = _words(line, width)
    seen: list[str] = []
    for first in range(len(words)):
        shown = _rows(" ".join(words[first:]), width)
        seen.append(shown[0])
        if len(shown) == 1:
            break
    return seen or [""]
