"""What is known of a lot's file beyond its models, for the technician who wrote it: drivers, secrets, lengths of time.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, BeforeValidator
from pydantic_core import ErrorDetails

from drivers import registry
from drivers.registry import ChosenDriver
from drivers.settings import DriverSettings
from drivers.values import seconds
from models.documents.document import Document, Path, path_text
from models.documents.explain import Explain, Said, Wrong, fitting, one_of, problems_of, right_words
from models.documents.places import Place, alternatives, leaves, model_of
from models.documents.problems import Problem
from models.documents.section import keys_of
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
    section = wrong.shape.section_at(wrong.path[:-1])
    own: set[str] = set() if section is None else set(keys_of(section))
    if key.lower() in (*_SECRETS, "token"):
        what = "token" if "token_file" in own else "password" if key.lower() in _SECRETS else ""
        if what:
            called = "secret" if what == "token" else what
            return Said(f"no {called} stands in this file: name a variable with {what}_env or a file with {what}_file")
    if key in _options(wrong.shape, wrong.path[:-1]):
        return Said(f"this goes into the product's options: options: {{{key}: {wrong.written}}}")
    meant = next((right for right in _KEYS_SAID_OTHERWISE.get(key.lower(), ()) if right in own), "")
    if meant:
        return Said("unknown key", meant)
    return _goes_elsewhere(wrong, own)


def _goes_elsewhere(wrong: Wrong, own: Set[str]) -> Said | None:
    """A key of another driver, or of another section: of one below this one, else of the nearest around it."""
    key, here = str(wrong.path[-1]), wrong.path[:-1]
    found = wrong.shape.at(here)
    chosen = None if found is None else _chosen(found)
    others = [] if chosen is None else [name for name in chosen.names() if _has(chosen.find(name), key)]
    below = _section_with(wrong.shape, here, key)
    if below is not None:
        return Said(f"unknown key here: it goes into `{path_text(below)}`")
    if others and not any(key in right.split("_") for right in own):
        return Said(f"unknown key: it is one of driver: {' or '.join(others)}")
    if nearest(key, own):
        return None
    around = (_section_with(wrong.shape, here[:count], key) for count in range(len(here) - 1, -1, -1))
    place = next((one for one in around if one is not None), None)
    return None if place is None else Said(f"unknown key here: it goes into `{path_text(place)}`")


def _section_with(shape: Shape, path: Path, key: str) -> Path | None:
    """The section right below `path` that has such a key; None also where several have."""
    model = shape.section_at(path)
    below = {} if model is None else {name: shape.at((*path, name)) for name in keys_of(model)}
    having = [name for name, place in below.items() if place is not None and _is_section_with(place, key)]
    return (*path, having[0]) if len(having) == 1 else None


def _is_section_with(place: Place, key: str) -> bool:
    several = alternatives(place)
    return len(several) == 1 and _chosen(place) is None and _has(model_of(several[0].annotation), key)


def _has(section: type[BaseModel] | None, key: str) -> bool:
    return section is not None and key in keys_of(section)


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
    hint = nearest(name, chosen.names()) or next(
        (right for right in _DRIVERS_SAID_OTHERWISE.get(name.lower(), ()) if right in chosen.names()), ""
    )
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
_STREAMS = ("source", "host", "at")
_KEYS_SAID_OTHERWISE: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("url", "uri", "address", "stream", "rtsp", "device", "ip"), _STREAMS),
    **dict.fromkeys(("hostname", "server", "broker"), ("host",)),
    "user": ("username",),
    "login": ("username",),
}
_A_CAMERA = ("opencv",)
_DRIVERS_SAID_OTHERWISE: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(
        ("rtsp", "rtsps", "onvif", "ip", "usb", "v4l2", "webcam", "mjpeg", "ffmpeg", "file", "video"), _A_CAMERA
    ),
    **dict.fromkeys(("http", "https", "post", "webhook", "json"), ("http_plates",)),
    **dict.fromkeys(("hik", "isapi"), ("hikvision",)),
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
