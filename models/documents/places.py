"""What may stand at one place of a file, by the annotations of the model that it is read into."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, Discriminator, Tag
from pydantic.fields import FieldInfo

from models.documents.section import keys_of

_LISTS = (tuple, list, set, frozenset, Sequence, Set)
_MAPS = (dict, Mapping)


@dataclass(frozen=True, slots=True)
class Place:
    """The type that is expected here, what else pydantic was told of it, and what was written."""

    annotation: Any
    notes: tuple[Any, ...]
    value: Any

    @property
    def section(self) -> Mapping[str, Any] | None:
        """The keys and values that were written here, if any were."""
        value: Any = self.value
        return cast("dict[str, Any]", value) if isinstance(value, dict) else None

    @property
    def items(self) -> Sequence[Any] | None:
        """The list that was written here, if one was."""
        value: Any = self.value
        return cast("list[Any]", value) if isinstance(value, list) else None


def alternatives(place: Place) -> tuple[Place, ...]:
    """What may stand here: several for a union, each perhaps a union again. "Or nothing" is no alternative."""
    origin = get_origin(place.annotation)
    if origin is Annotated:
        inner, *more = get_args(place.annotation)
        return alternatives(Place(inner, (*place.notes, *more), place.value))
    if origin in (Union, UnionType):
        each = [one for one in get_args(place.annotation) if one is not NoneType]
        several = [dataclasses.replace(place, annotation=one) for one in each]
        return tuple(several) if len(several) > 1 else alternatives(several[0])
    return (place,)


def leaves(place: Place) -> Iterator[Place]:
    """What may stand here in the end, through unions within unions."""
    several = alternatives(place)
    if len(several) == 1:
        yield several[0]
        return
    for one in several:
        yield from leaves(one)


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The section that an annotation, which is no union, stands for."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def item_of(place: Place, index: int) -> Place | None:
    """The place of one item of a list; None where no list is expected, or none that long was written."""
    types, items = get_args(place.annotation), place.items
    if get_origin(place.annotation) not in _LISTS or not types or items is None or index >= len(items):
        return None
    each = types[0] if len(types) == 1 or types[-1] is Ellipsis or index >= len(types) else types[index]
    return Place(each, (), items[index])


def entry_of(place: Place, key: str) -> Place | None:
    """The place of one value of a section whose keys are free; None where none is expected."""
    if get_origin(place.annotation) not in _MAPS or place.section is None:
        return None
    return Place(get_args(place.annotation)[1], (), place.section.get(key))


def tags(place: Place, key: str | None) -> tuple[str, ...]:
    """The words by which an alternative is chosen: those that its key may hold, or a tag of its own."""
    found: list[str] = []
    for leaf in leaves(place):
        found += [note.tag for note in leaf.notes if isinstance(note, Tag)]
        model = model_of(leaf.annotation)
        field = keys_of(model).get(key) if model is not None and key is not None else None
        if field is not None and get_origin(field.annotation) is Literal:
            found += [str(getattr(word, "value", word)) for word in get_args(field.annotation)]
    return tuple(found)


def is_tagged(place: Place) -> bool:
    """Whether one key, or a function, chooses between the alternatives."""
    return _discriminator(place) is not None


def tag_key(place: Place) -> str | None:
    """The key whose value chooses between the alternatives; None when nothing or a function does."""
    found = _discriminator(place)
    return found if isinstance(found, str) else None


def tag_written(place: Place) -> str:
    """The word that was written to choose between the alternatives of a place that `is_tagged`."""
    found = _discriminator(place)
    return str((place.section or {}).get(found) if isinstance(found, str) else found(place.value))


def _discriminator(place: Place) -> Any:
    if len(several := alternatives(place)) == 1:
        return None
    for note in reversed(several[0].notes):
        said = note.discriminator if isinstance(note, FieldInfo | Discriminator) else None
        if said is not None:
            return said.discriminator if isinstance(said, Discriminator) else said
    return None


def fits(place: Place) -> tuple[bool, int]:
    """How like what is expected here is to what was written: its kind first, then how many of its keys are known."""
    return max(_fit(leaf) for leaf in leaves(place))


def _fit(leaf: Place) -> tuple[bool, int]:
    model, origin = model_of(leaf.annotation), get_origin(leaf.annotation) or leaf.annotation
    if leaf.section is not None:
        if model is None:
            return origin in _MAPS, 0
        written, keys = set(leaf.section), set(keys_of(model))
        return True, len(written & keys) - len(written - keys)
    if leaf.items is not None:
        first = item_of(leaf, 0)
        return origin in _LISTS, 0 if first is None else int(fits(first)[0])
    return model is None and origin not in _LISTS + _MAPS, 0
