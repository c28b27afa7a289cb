"""Says in the words of whoever wrote a file what pydantic found wrong in it, and where. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from models.documents.document import Document, Path
from models.documents.places import alternatives, model_of, tag_key, tags
from models.documents.problems import Problem
from models.documents.section import keys_of
from models.documents.shape import Shape, names_taken
from models.documents.spelling import nearest


@dataclass(frozen=True, slots=True)
class Wrong:
    """One error of pydantic, placed in the document."""

    document: Document
    shape: Shape
    kind: str
    path: Path
    about_key: bool
    fork: Path | None
    written: Any
    context: Mapping[str, Any]
    message: str


@dataclass(frozen=True, slots=True)
class Said:
    """What belongs there, the nearest right spelling, and the place where another than the error's own is at fault."""

    expected: str
    hint: str = ""
    at: Path | None = None


Explain = Callable[[Wrong], Said | None]
"""Says what is wrong, or None where it has nothing better to say than the explanation for any file."""


def problems_of(
    document: Document,
    root: type[BaseModel],
    errors: Sequence[ErrorDetails],
    *,
    shape: type[Shape] = Shape,
    explained: Mapping[str, Explain] | None = None,
) -> list[Problem]:
    """One problem an error; a missing key that is there under a misspelt name is told once.

    `shape` and `explained`, by pydantic's kinds of error, are for a file of which more is known than its models say.
    """
    wrongs = _placed(document, shape(root, document.data), errors)
    told = [(wrong, _said(wrong, explained or {})) for wrong in wrongs]
    misspelt = {(*wrong.path[:-1], said.hint) for wrong, said in told if wrong.kind == "extra_forbidden"}
    told = [(wrong, said) for wrong, said in told if wrong.kind != "missing" or wrong.path not in misspelt]
    return [_problem(wrong, said) for wrong, said in _either_or(told)]


def _placed(document: Document, shape: Shape, errors: Sequence[ErrorDetails]) -> list[Wrong]:
    names = names_taken(error["loc"] for error in errors)
    wrongs: list[Wrong] = []
    for error in errors:
        traced = shape.trace(error["loc"], names)
        if not traced.meant or _follows_from_another(error):
            continue
        kind = error["type"]
        about_key = traced.about_key or kind in _ABOUT_KEYS
        context: Mapping[str, Any] = error.get("ctx", {})
        found = Wrong(document, shape, kind, traced.path, about_key, traced.fork, error["input"], context, error["msg"])
        wrongs.append(found)
    return wrongs


def _follows_from_another(error: ErrorDetails) -> bool:
    """A list counts as too short when its items are wrong: those are told by themselves."""
    written = error["input"]
    shortest = error.get("ctx", {}).get("min_length", 0)
    return error["type"] == "too_short" and isinstance(written, list) and len(cast("list[Any]", written)) >= shortest


def _said(wrong: Wrong, explained: Mapping[str, Explain]) -> Said:
    for explain in (explained.get(wrong.kind), _EXPLAINED.get(wrong.kind)):
        said = None if explain is None else explain(wrong)
        if said is not None:
            return said
    pattern = _EXPECTED.get(wrong.kind)
    if pattern is not None:
        return Said(pattern.format_map(wrong.context))
    return Said(wrong.message[:1].lower() + wrong.message[1:])


def _either_or(told: Sequence[tuple[Wrong, Said]]) -> Sequence[tuple[Wrong, Said]]:
    """What each alternative has to say of the same value is one problem."""
    kept: dict[Path | int, tuple[Wrong, Said]] = {}
    for count, (wrong, said) in enumerate(told):
        key = wrong.path if wrong.fork == wrong.path else count
        before = kept.get(key)
        kept[key] = (wrong, said) if before is None else (before[0], _joined(before[1], said))
    return list(kept.values())


def _joined(one: Said, other: Said) -> Said:
    if other.expected in one.expected.split(_OR):
        return one
    return replace(one, expected=f"{one.expected}{_OR}{other.expected}", hint=one.hint or other.hint)


def _problem(wrong: Wrong, said: Said) -> Problem:
    document, path = wrong.document, said.at or wrong.path
    mark = document.at_key(path) if wrong.about_key else document.at_value(path)
    shown = wrong.written if isinstance(wrong.written, str | int | float) else ""
    return document.problem(mark, path, said.expected, shown, said.hint)


def unknown_key(wrong: Wrong) -> Said:
    key = str(wrong.path[-1])
    if key[:1].isdigit() and wrong.written is None:
        return Said("a comma begins a new key here; a decimal fraction is written with a point, as in 0.5")
    section = wrong.shape.section_at(wrong.path[:-1])
    known: set[str] = set() if section is None else set(keys_of(section))
    free = known - _keys_at(wrong.document, wrong.path[:-1])
    hint = nearest(key, free) or nearest(key, known) or ""
    return Said("unknown key" if hint or not free else f"unknown key; there could be {', '.join(sorted(free))}", hint)


def missing_key(wrong: Wrong) -> Said:
    if wrong.path in wrong.document.keys:
        return Said("this key has no value")
    return Said(f'the key "{wrong.path[-1]}" is missing here')


def right_words(wrong: Wrong) -> list[str]:
    """The words of which one is expected."""
    expected = str(wrong.context.get("expected", ""))
    return re.findall(r"'([^']*)'", expected) or re.findall(r"\d+", expected)


def one_of(wrong: Wrong) -> Said:
    right = right_words(wrong)
    return Said(f"one of {', '.join(right)} is expected", nearest(str(wrong.written), right) or "")


def fitting(document: Document, path: Path, keys: Mapping[str, set[str]]) -> str:
    """Of several kinds of section, named with the keys of each, the one that is most like what stands at `path`."""
    written = _keys_at(document, path)
    return max(keys, key=lambda name: len(written & keys[name]) - len(written - keys[name]))


def _keys_at(document: Document, path: Path) -> set[str]:
    return {str(key[-1]) for key in document.keys if key[:-1] == path}


def _kind_unnamed(wrong: Wrong) -> Said | None:
    found = wrong.shape.at(wrong.path)
    key = None if found is None else tag_key(found)
    if found is None or key is None:
        return None
    if found.section is None:
        return Said(_SECTION)
    keys: dict[str, set[str]] = {}
    for one in alternatives(found):
        model = model_of(one.annotation)
        keys |= {tag: set(keys_of(model)) for tag in tags(one, key)[:1] if model is not None}
    such = f", such as {key}: {fitting(wrong.document, wrong.path, keys)}" if keys else ""
    return Said(f'the key "{key}" is missing here{such}')


def _kind_unknown(wrong: Wrong) -> Said | None:
    key = str(wrong.context.get("discriminator", "")).strip("'")
    right = re.findall(r"'([^']*)'", str(wrong.context.get("expected_tags", "")))
    where = (*wrong.path, key)
    if where not in wrong.document.keys or not right:
        return None
    found = wrong.shape.at(where[:-1])
    if found is not None and (found.section or {}).get(key) is None:
        return Said("this key has no value", at=where)
    tag = str(wrong.context.get("tag", ""))
    return Said(f"one of {', '.join(right)} is expected", nearest(tag, right) or "", where)


def _value_refused(wrong: Wrong) -> Said:
    return Said(str(wrong.context.get("error", wrong.message)))


def _list_expected(wrong: Wrong) -> Said:
    """One thing alone is the commonest list that isn't one."""
    one = wrong.written if isinstance(wrong.written, str | int | float) else None
    return Said(_LIST if one is None else f"{_LIST}, or [{getattr(one, 'text', one)}]")


def _text_expected(wrong: Wrong) -> Said:
    unquoted = isinstance(wrong.written, bool | int | float)
    return Said("text is expected; put it in quotes" if unquoted else "text is expected")


_OR = "; or "
_ABOUT_KEYS = {"extra_forbidden", "missing", "union_tag_not_found"}

_EXPLAINED: Mapping[str, Explain] = {
    "extra_forbidden": unknown_key,
    "missing": missing_key,
    "enum": one_of,
    "literal_error": one_of,
    "union_tag_not_found": _kind_unnamed,
    "union_tag_invalid": _kind_unknown,
    "value_error": _value_refused,
    "string_type": _text_expected,
    "tuple_type": _list_expected,
    "list_type": _list_expected,
}

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
    "model_type": _SECTION,
    "model_attributes_type": _SECTION,
    "dict_type": _SECTION,
    "mapping_type": _SECTION,
    "path_type": "the name of a file or folder is expected",
    "greater_than": "more than {gt} is expected",
    "greater_than_equal": "at least {ge} is expected",
    "less_than": "less than {lt} is expected",
    "less_than_equal": "at most {le} is expected",
    "string_pattern_mismatch": "text of the form {pattern} is expected",
    "string_too_short": "text is expected here",
    "string_too_long": "at most {max_length} characters are expected",
    "too_short": "this list can't be empty",
    "too_long": "at most {max_length} are expected in this list",
}
