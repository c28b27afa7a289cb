"""Says in a technician's words what pydantic found wrong, and where in the file. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic_core import ErrorDetails

from drivers import registry
from drivers.registry import ChosenDriver
from drivers.settings import DriverSettings
from drivers.values import seconds
from edge.config.document import Document, Path
from edge.config.problems import Problem
from edge.config.spelling import nearest

_SECRETS = {"password", "passwd", "pass", "secret"}


def problems_of(document: Document, root: type[BaseModel], errors: Sequence[ErrorDetails]) -> list[Problem]:
    """One problem an error; a missing key that is there under a misspelt name is told once."""
    explained = [_Error(document, root, error) for error in errors if not _follows_from_another(error)]
    misspelt = {(*error.path[:-1], error.hint) for error in explained if error.kind == "extra_forbidden"}
    return [error.problem() for error in explained if error.kind != "missing" or error.path not in misspelt]


def _follows_from_another(error: ErrorDetails) -> bool:
    """A list counts as too short when its items are wrong: those are told by themselves."""
    written = error["input"]
    shortest = error.get("ctx", {}).get("min_length", 0)
    return error["type"] == "too_short" and isinstance(written, list) and len(cast("list[Any]", written)) >= shortest


class _Error:
    """One error of pydantic, placed in the document."""

    def __init__(self, document: Document, root: type[BaseModel], error: ErrorDetails) -> None:
        self._document = document
        self._root = root
        self.kind = error["type"]
        self._context: Mapping[str, Any] = error.get("ctx", {})
        self._message = error["msg"]
        self.path, self._about_key = _path(error["loc"], document.data)
        self._written = error["input"]
        self.hint = ""
        self._expected = self._explain()

    def problem(self) -> Problem:
        document = self._document
        if self.kind in ("missing", "union_tag_not_found"):
            mark = document.at_key(self.path)
        else:
            mark = document.at_key(self.path) if self._about_key else document.at_value(self.path)
        shown = self._written if isinstance(self._written, str | int | float) else ""
        return document.problem(mark, self.path, self._expected, shown, self.hint)

    def _explain(self) -> str:
        explain = _EXPLAINED.get(self.kind)
        if explain is not None:
            return explain(self)
        pattern = _EXPECTED.get(self.kind)
        if pattern is not None:
            return pattern.format_map(self._context)
        return self._message[:1].lower() + self._message[1:]

    def unknown_key(self) -> str:
        self._about_key = True
        key = str(self.path[-1])
        if key.lower() in _SECRETS:
            return "no password stands in this file: name a variable with password_env or a file with password_file"
        if key[:1].isdigit() and self._written is None:
            return "a comma begins a new key here; a decimal fraction is written with a point, as in 0.5"
        if key in self._options():
            return f"this goes into the product's options: options: {{{key}: {self._written}}}"
        section = section_at(self._root, self.path[:-1], self._document.data)
        known: set[str] = set() if section is None else set(section.model_fields)
        free = known - {str(path[-1]) for path in self._document.keys if path[:-1] == self.path[:-1]}
        self.hint = nearest(key, free) or nearest(key, known) or ""
        return "unknown key" if self.hint or not free else f"unknown key; there could be {', '.join(sorted(free))}"

    def _options(self) -> set[str]:
        """What could be said in the options of the product whose section this is, but for where it is."""
        found = _annotation_at(self._root, self.path[:-1], self._document.data)
        section = None if found is None else _model(*found)
        if found is None or section is None or not issubclass(section, DriverSettings):
            return set()
        below = section.section_below(found[2], "options")
        return set() if below is None else set(below.model_fields) - _WHERE_IT_IS

    def missing_key(self) -> str:
        if self.path in self._document.keys:
            return "this key has no value"
        return f'the key "{self.path[-1]}" is missing here'

    def too_much(self) -> str:
        limit = self._context.get("le", self._context.get("lt", 0))
        found = _annotation_at(self._root, self.path, self._document.data)
        written = None if found is None else found[2]
        if found is not None and isinstance(written, int | float) and _is_length_of_time(found[0], found[1]):
            if written / 1000 <= limit:
                self.hint = f"{written:g} ms"
            return f"this is {written:g} seconds, and at most {limit:g} s is expected"
        return _AT_MOST[self.kind].format_map(self._context)

    def one_of(self) -> str:
        expected = str(self._context.get("expected", ""))
        right = re.findall(r"'([^']*)'", expected) or re.findall(r"\d+", expected)
        meant = _SAID_OTHERWISE.get(str(self._written).lower(), "")
        self.hint = meant if meant in right else nearest(str(self._written), right) or ""
        return f"one of {', '.join(right)} is expected"

    def driver_unnamed(self) -> str:
        contract = _contract_at(self._root, self.path, self._document.data)
        if contract is None or not (known := registry.names(contract)):
            return "a driver has to be named"
        written: set[str] = {str(path[-1]) for path in self._document.keys if path[:-1] == self.path}
        fields = {name: set(registry.find(contract, name).model_fields) for name in known}
        fitting = max(known, key=lambda name: len(written & fields[name]) - len(written - fields[name]))
        return f'the key "driver" is missing here, such as driver: {fitting}'

    def driver_unknown(self) -> str:
        self.path = (*self.path, "driver")
        name = str(self._context.get("tag", ""))
        contract = _contract_at(self._root, self.path[:-1], self._document.data)
        if contract is None:
            return f"there is no driver {name!r}"
        self.hint = nearest(name, registry.names(contract)) or ""
        if self.hint:
            return f"there is no such driver, only {', '.join(registry.names(contract))}"
        return registry.catalogue().why_missing(contract, name)

    def value_refused(self) -> str:
        return str(self._context.get("error", self._message))

    def text_expected(self) -> str:
        if isinstance(self._written, bool | int | float):
            return "text is expected; put it in quotes"
        return "text is expected"

    def pattern_expected(self) -> str:
        if self.path[-1] == "currency":
            return "three capital letters are expected, as in EUR"
        return f"text of the form {self._context.get('pattern')} is expected"


_EXPLAINED: Mapping[str, Callable[[_Error], str]] = {
    "extra_forbidden": _Error.unknown_key,
    "missing": _Error.missing_key,
    "enum": _Error.one_of,
    "literal_error": _Error.one_of,
    "union_tag_not_found": _Error.driver_unnamed,
    "union_tag_invalid": _Error.driver_unknown,
    "value_error": _Error.value_refused,
    "string_type": _Error.text_expected,
    "less_than": _Error.too_much,
    "less_than_equal": _Error.too_much,
    "string_pattern_mismatch": _Error.pattern_expected,
}

_SAID_OTHERWISE = {
    "in": "entry",
    "entrance": "entry",
    "inbound": "entry",
    "out": "exit",
    "outbound": "exit",
}
_WHERE_IT_IS = {"driver", "host", "port", "prefix", "topic"}
"""A product has a key of its own for that"""
_AT_MOST = {"less_than": "less than {lt} is expected", "less_than_equal": "at most {le} is expected"}
_WHOLE = "a whole number is expected"
_NUMBER = "a number is expected"
_TRUTH = "true or false is expected"
_LIST = "a list is expected: lines that begin with a dash"
_SECTION = "a section with keys of its own is expected"
_EXPECTED = {
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "model_type": _SECTION,
    "model_attributes_type": _SECTION,
    "dict_type": _SECTION,
    "mapping_type": _SECTION,
    "path_type": "the name of a file or folder is expected",
    "greater_than": "more than {gt} is expected",
    "greater_than_equal": "at least {ge} is expected",
    "string_too_short": "text is expected here",
    "string_too_long": "at most {max_length} characters are expected",
    "too_short": "this list can't be empty",
    "too_long": "at most {max_length} are expected in this list",
}


def _path(loc: Sequence[str | int], data: Any) -> tuple[Path, bool]:
    """Pydantic's location without the names of drivers that it puts in, and whether it means a key."""
    path: list[str | int] = []
    here = data
    entered = False
    for step in loc:
        if step == "[key]":
            return tuple(path), True
        if isinstance(here, dict):
            section = cast("dict[Any, Any]", here)
            # A driver's name comes first in its section; after it a key may be called the same.
            entered = not entered and section.get("driver") == step
            if entered:
                continue
            here = section.get(step)
        elif isinstance(here, list) and isinstance(step, int):
            items = cast("list[Any]", here)
            here = items[step] if step < len(items) else None
        path.append(step)
    return tuple(path), False


def section_at(root: type[BaseModel], path: Path, data: Any) -> type[BaseModel] | None:
    """The settings class that the section at `path` is read into; None when it can't be told."""
    found = _annotation_at(root, path, data)
    return None if found is None else _model(*found)


def _contract_at(root: type[BaseModel], path: Path, data: Any) -> type | None:
    found = _annotation_at(root, path, data)
    chosen = None if found is None else _chosen(found[0], found[1])
    return None if chosen is None else chosen.contract


_Found = tuple[Any, Sequence[Any], Any]
"""An annotation, its metadata, and the value that was written there."""


def _annotation_at(root: type[BaseModel], path: Path, data: Any) -> _Found | None:
    here: _Found = (root, (), data)
    for step in path:
        annotation, metadata, value = here
        if isinstance(step, int):
            item = _item(annotation)
            items = cast("list[Any]", value) if isinstance(value, list) else []
            if item is None or step >= len(items):
                return None
            here = (item, (), items[step])
            continue
        model = _model(annotation, metadata, value)
        if model is None or step not in model.model_fields or not isinstance(value, dict):
            return None
        field, section = model.model_fields[step], cast("dict[str, Any]", value)
        below = model.section_below(section, step) if issubclass(model, DriverSettings) else None
        here = (below or field.annotation, () if below else field.metadata, section.get(step))
    return here


def _item(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        return _item(get_args(annotation)[0])
    return get_args(annotation)[0] if get_origin(annotation) in (tuple, list) else None


def _alternatives(annotation: Any, metadata: Sequence[Any]) -> list[tuple[Any, Sequence[Any]]]:
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _alternatives(inner, [*metadata, *more])
    if get_origin(annotation) in (Union, UnionType):
        return [found for each in get_args(annotation) for found in _alternatives(each, metadata)]
    return [(annotation, metadata)]


def _is_length_of_time(annotation: Any, metadata: Sequence[Any]) -> bool:
    return any(
        isinstance(note, BeforeValidator) and note.func is seconds
        for _, notes in _alternatives(annotation, metadata)
        for note in notes
    )


def _chosen(annotation: Any, metadata: Sequence[Any]) -> ChosenDriver | None:
    for _, notes in _alternatives(annotation, metadata):
        for note in notes:
            if isinstance(note, ChosenDriver):
                return note
    return None


def _model(annotation: Any, metadata: Sequence[Any], value: Any) -> type[BaseModel] | None:
    chosen = _chosen(annotation, metadata)
    if chosen is not None:
        name = cast("dict[str, Any]", value).get("driver") if isinstance(value, dict) else None
        return registry.catalogue().found.get((chosen.contract, str(name)))
    for each, _ in _alternatives(annotation, metadata):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None
