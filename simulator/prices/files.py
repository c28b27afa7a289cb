"""Tariffs with a price policy as files; what is wrong with one is said at its place in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.documents.problems import ConfigurationError, Problem
from models.documents.text import text_of
from models.pricing import Policy
from models.tariff import Terms
from models.tariff.reading import parse_tariff

_ORDINARY = Path(__file__).with_name("ordinary.yaml")


@dataclass(frozen=True, slots=True)
class PriceFile:
    """A policy, and the tariff whose rates it multiplies."""

    name: str
    policy: Policy
    tariff: Terms


def ordinary_tariff() -> Terms:
    return parse_tariff(_ORDINARY.read_text(encoding="utf-8"), _ORDINARY.name)


def price_file(path: Path) -> PriceFile:
    """Raises OSError, or ConfigurationError with every problem of the file."""
    tariff = parse_tariff(text_of(path.read_bytes(), str(path)), str(path))
    if tariff.dynamic is None:
        raise ConfigurationError([_no_policy(path)])
    return PriceFile(path.stem, tariff.dynamic, tariff)


def _no_policy(path: Path) -> Problem:
    return Problem(str(path), 1, 1, "", "", "a section `dynamic:` is expected: how the price moves")
