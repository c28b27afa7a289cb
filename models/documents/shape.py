"""What stands where in a file: the way from pydantic's location of an error to the key and the model it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from models.documents.document import Path
from models.documents.places import (
    Place,
    alternatives,
    entry_of,
    fits,
    is_tagged,
    item_of,
    model_of,
    tag_key,
    tag_written,
    tags,
)
from models.documents.section import keys_of

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Traced:
    """Where an error is in the file. `meant` is False when it speaks of an alternative that nobody meant to write."""

    path: Path
    about_key: bool
    meant: bool
    fork: Path | None
    """Where the last choice between alternatives without a tag was on the way"""


class Shape:
    """A file as its root model has it. Whoever has other ways of choosing a section says so in a subclass."""

    def __init__(self, root: type[BaseModel], data: Any) -> None:
        self._top = Place(root, (), data)

    def at(self, path: Path) -> Place | None:
        """What is expected at a place; None when it can't be told."""
        here: Place | None = self._top
        for step in path:
            here = None if here is None else self._below(here, step)
        return here

    def section_at(self, path: Path) -> type[BaseModel] | None:
        """The model that the section at `path` is read into; None when it can't be told."""
        found = self.at(path)
        return None if found is None else model_of(self.settled(found).annotation)

    def settled(self, place: Place) -> Place:
        """The one alternative that was meant, as far as it can be told from what was written."""
        several = alternatives(place)
        if len(several) == 1:
            return several[0]
        if is_tagged(place):
            taken = _tagged(several, tag_key(place), tag_written(place))
            return self.settled(taken or Place(None, (), place.value))
        return self.settled(max(several, key=fits))

    def field(self, model: type[BaseModel], section: Mapping[str, Any], key: str) -> Place | None:
        """What is expected under a key of a section; None where there is no such key."""
        field = keys_of(model).get(key)
        return None if field is None else Place(field.annotation, (field, *field.metadata), section.get(key))

    def _below(self, place: Place, step: str | int) -> Place | None:
        settled = self.settled(place)
        if isinstance(step, int):
            return item_of(settled, step)
        model = model_of(settled.annotation)
        if model is None:
            return entry_of(settled, step)
        return None if settled.section is None else self.field(model, settled.section, step)

    def is_chosen_by_name(self, place: Place) -> bool:
        """Whether pydantic puts the name of the alternative that it took into the location."""
        return len(alternatives(place)) > 1

    def chosen(self, place: Place, name: str | int, names: Sequence[str | int]) -> Place | None:
        """The alternative that pydantic calls `name`, one of `names` at this place; None when it can't be told."""
        several = alternatives(place)
        if is_tagged(place):
            return _tagged(several, tag_key(place), str(name))
        # Of a plain union every alternative failed, and each has its say in turn.
        return several[names.index(name)] if len(names) == len(several) else None

    def trace(self, location: Location, names: Mapping[Location, Sequence[str | int]]) -> Traced:
        """The way of a location through the file, without the names of alternatives that pydantic puts into it."""
        path: list[str | int] = []
        here: Place | None = self._top
        meant, fork = True, None
        for count, step in enumerate(location):
            if step == "[key]":
                return Traced(tuple(path), True, meant, fork)
            if here is not None and self.is_chosen_by_name(here):
                taken = self.chosen(here, step, names[location[:count]])
                several = alternatives(here)
                if len(several) > 1 and not is_tagged(here):
                    meant, fork = meant and (taken is None or taken in _best(several)), tuple(path)
                here = taken
                continue
            here = None if here is None else self._below(here, step)
            path.append(step)
        return Traced(tuple(path), False, meant, fork)


def names_taken(locations: Iterable[Location]) -> Mapping[Location, Sequence[str | int]]:
    """The steps that follow each beginning of a location, in the order in which pydantic tells of them."""
    after: dict[Location, dict[str | int, None]] = {}
    for location in locations:
        for count, step in enumerate(location):
            after.setdefault(location[:count], {})[step] = None
    return {beginning: tuple(steps) for beginning, steps in after.items()}


def _tagged(several: Sequence[Place], key: str | None, tag: str) -> Place | None:
    return next((one for one in several if tag in tags(one, key)), None)


def _best(several: Sequence[Place]) -> Sequence[Place]:
    """Those that fit best what was written. Of sections one is enough: nobody means two at once."""
    best = max(map(fits, several))
    fitting = [one for one in several if fits(one) == best]
    return fitting[:1] if best[0] and (several[0].section or several[0].items) else fitting
