"""What all facts share: a type and version of fixed meaning, a body, and a personal part kept apart."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from models.whole import has_fractions

Stream = Literal["ledger", "telemetry"]


class Fact(BaseModel):
    """The base of all facts. Subclasses name their type: `class TicketOpened(Fact, type="ticket.opened", version=1)`.

    Fields hold text, whole numbers, booleans, other such values or None; never a float, so that every
    machine writes and hashes a fact alike. A field listed in `personal` (a plate) travels beside the
    body, where it can be erased without breaking the chain of hashes.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    type: ClassVar[str] = ""
    version: ClassVar[int] = 0
    stream: ClassVar[Stream] = "ledger"
    personal: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(
        cls, *, type: str, version: int, stream: Stream = "ledger", personal: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.type, cls.version, cls.stream, cls.personal = type, version, stream, frozenset(personal)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        if has_fractions(cls):
            raise TypeError(f"{cls.__name__} has a float: write a whole number of a smaller unit")
        known = _KNOWN.setdefault((cls.type, cls.version), cls)
        if known is not cls:
            raise TypeError(f"{cls.type} v{cls.version} is {known.__name__} already: a new meaning is a new version")

    def body(self) -> dict[str, Any]:
        """The part that is hashed and kept for good, as JSON values."""
        return self.parts()[0]

    def personal_part(self) -> dict[str, Any]:
        """The part that may be erased, as JSON values; empty for most facts."""
        return self.parts()[1] if self.personal else {}

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The body and the personal part."""
        body = self.model_dump(mode="json")
        if not self.personal:
            return body, {}
        return body, {field: body.pop(field) for field in tuple(body) if field in self.personal}


_KNOWN: dict[tuple[str, int], type[Fact]] = {}


class UnknownFact(Exception):
    """This code doesn't know the fact's type or version, or its fields don't fit: it is parked, never dropped."""

    def __init__(self, type: str, version: int, why: str) -> None:
        super().__init__(f"{type} v{version}: {why}")
        self.type, self.version, self.why = type, version, why


ERASED = "erased"
"""Stands for a personal field whose value has been erased."""


def decode(type: str, version: int, body: dict[str, Any], personal: dict[str, Any] | None) -> Fact:
    """The fact that was recorded. An erased personal part reads as `erased`. Raises UnknownFact."""
    known = _KNOWN.get((type, version))
    if known is None:
        raise UnknownFact(type, version, "no such type and version is known here; upgrade this side")
    private = {field: personal.get(field) if personal is not None else ERASED for field in known.personal}
    try:
        return known.model_validate({**body, **private})
    except ValidationError as wrong:
        raise UnknownFact(type, version, without_values(wrong)) from None


def decode_plain(type: str, version: int, text: str) -> Fact | None:
    """The same from a body's own text, in a third of the time; None when it takes `decode` to read it, or to say why
    it can't be read."""
    known = _KNOWN.get((type, version))
    if known is None or known.personal:
        return None
    if "\\u" in text or "NaN" in text or "Infinity" in text:  # it may hold what JSON or the stores don't
        return None
    try:
        return known.__pydantic_validator__.validate_json(text)
    except ValidationError:
        return None


def without_values(wrong: ValidationError) -> str:
    """What is wrong with which field; the values themselves may be personal."""
    errors = wrong.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['type']}" for error in errors)


def known_facts() -> dict[tuple[str, int], type[Fact]]:
    """Every fact type and version ever emitted, for docs and tests."""
    return dict(_KNOWN)
