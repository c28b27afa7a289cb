"""What is known of a lot's file beyond its models, for the technician who wrote it: drivers, secrets, lengths of time.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, BeforeValidator
from pydantic_core import ErrorDetails

from drivers import registry
from drivers.registry import ChosenDriver
from drivers.settings import DriverSettings
from drivers.values import seconds
from models.documents.document import Document, Path
from models.documents.explain import Explain, Said, Wrong, fitting, one_of, problems_of, right_words
from models.documents.places import Place, alternatives, leaves, model_of
from models.documents.problems import Problem
from models.documents.shape import Shape
from models.documents.spelling import nearest


def problems_of_lot(document: Document, root: type[BaseModel], errors: Sequence[ErrorDetails]) -> list[Problem]:
    """One problem an error; a missing key that is there under a misspelt name is told once."""
    return problems_of(document, root, errors, shape=_LotShape, explained=_EXPLAINED)


class _LotShape(Shape):
    """Sections whose key `driver` chooses what they are read into, and options that are another driver's keys."""

    def settled(self, place: Place) -> Place:
        chosen = _chosen(place)
        if chosen is None:
            return super().settled(place)
        return _of_driver(chosen, str((place.section or {}).get("driver")), place)

    def field(self, model: type[BaseModel], section: Mapping[str, Any], key: str) -> Place | None:
        found = super().field(model, section, key)
        below = model.section_below(section, key) if issubclass(model, DriverSettings) else None
        return found if found is None or below is None else Place(below, (), found.value)

    def is_chosen_by_name(self, place: Place) -> bool:
        return _chosen(place) is not None or super().is_chosen_by_name(place)

    def chosen(self, place: Place, name: str | int, names: Sequence[str | int]) -> Place | None:
        chosen = _chosen(place)
        return super().chosen(place, name, names) if chosen is None else _of_driver(chosen, str(name), place)


def _chosen(place: Place) -> ChosenDriver | None:
    notes = [note for one in alternatives(place) for note in one.notes]
    return next((note for note in notes if isinstance(note, ChosenDriver)), None)


def _of_driver(chosen: ChosenDriver, name: str, place: Place) -> Place:
    return Place(chosen.find(name), (), place.value)


def _chosen_at(wrong: Wrong) -> ChosenDriver | None:
    found = wrong.shape.at(wrong.path)
    return None if found is None else _chosen(found)


def _unknown_key(wrong: Wrong) -> Said | None:
    key = str(wrong.path[-1])
    if key.lower() in _SECRETS:
        return Said("no password stands in this file: name a variable with password_env or a file with password_file")
    if key in _options(wrong.shape, wrong.path[:-1]):
        return Said(f"this goes into the product's options: options: {{{key}: {wrong.written}}}")
    return None


def _options(shape: Shape, path: Path) -> set[str]:
    """What could be said in the options of the product whose section this is, but for where it is."""
    found = shape.at(path)
    section = None if found is None else model_of(shape.settled(found).annotation)
    if found is None or section is None or not issubclass(section, DriverSettings):
        return set()
    below = section.section_below(found.value, "options")
    return set() if below is None else set(below.model_fields) - _WHERE_IT_IS


def _driver_unnamed(wrong: Wrong) -> Said | None:
    chosen = _chosen_at(wrong)
    if chosen is None:
        return None
    found = {name: chosen.find(name) for name in chosen.names()}
    if not found:
        return Said("a driver has to be named")
    keys = {name: set(settings.model_fields) for name, settings in found.items() if settings is not None}
    return Said(f'the key "driver" is missing here, such as driver: {fitting(wrong.document, wrong.path, keys)}')


def _driver_unknown(wrong: Wrong) -> Said | None:
    chosen = _chosen_at(wrong)
    if chosen is None:
        return None
    where, name = (*wrong.path, "driver"), str(wrong.context.get("tag", ""))
    hint = nearest(name, chosen.names())
    if hint:
        return Said(f"there is no such driver, only {', '.join(chosen.names())}", hint, where)
    return Said(registry.catalogue().why_missing(chosen.contract, name, *chosen.instead), at=where)


def _too_long(wrong: Wrong) -> Said | None:
    """A bare number of a length of time is one of seconds; whoever wrote 500 may have meant 500 ms."""
    limit = wrong.context.get("le", wrong.context.get("lt", 0))
    found = wrong.shape.at(wrong.path)
    if found is None or not isinstance(found.value, int | float) or not _is_length_of_time(found):
        return None
    hint = f"{found.value:g} ms" if found.value / 1000 <= limit else ""
    return Said(f"this is {found.value:g} seconds, and at most {limit:g} s is expected", hint)


def _is_length_of_time(place: Place) -> bool:
    notes = [note for leaf in leaves(place) for note in leaf.notes]
    return any(isinstance(note, BeforeValidator) and note.func is seconds for note in notes)


def _one_of(wrong: Wrong) -> Said:
    said, meant = one_of(wrong), _SAID_OTHERWISE.get(str(wrong.written).lower(), "")
    return replace(said, hint=meant) if meant in right_words(wrong) else said


def _currency(wrong: Wrong) -> Said | None:
    return Said("three capital letters are expected, as in EUR") if wrong.path[-1] == "currency" else None


_SECRETS = {"password", "passwd", "pass", "secret"}
_SAID_OTHERWISE = {
    "in": "entry",
    "entrance": "entry",
    "inbound": "entry",
    "out": "exit",
    "outbound": "exit",
}
_WHERE_IT_IS = {"driver", "host", "port", "prefix", "topic"}
"""A product has a key of its own for that"""

_EXPLAINED: Mapping[str, Explain] = {
    "extra_forbidden": _unknown_key,
    "enum": _one_of,
    "literal_error": _one_of,
    "union_tag_not_found": _driver_unnamed,
    "union_tag_invalid": _driver_unknown,
    "less_than": _too_long,
    "less_than_equal": _too_long,
    "string_pattern_mismatch": _currency,
}
