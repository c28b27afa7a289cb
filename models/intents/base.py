"""What all intents share: a type and version of fixed meaning, what they are about, and a personal part kept apart."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from models.facts.base import without_values
from models.whole import has_fractions


class Intent(BaseModel):
    """The base of all intents. Subclasses name their type and what they are about, which is a field of theirs:
    `class PermitGranted(Intent, type="permit.granted", version=1, about="permit")`.

    An intent says all that holds of its subject from now on; what was said of it before no longer stands. One that
    `ends` its subject says that nothing does. So a lot's policy is the last intent of each subject, and a lot can keep
    it in order without understanding all of it. No field holds a float. A field listed in `personal` (plates) travels
    beside the body, where it can be erased and the sums still agree.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    type: ClassVar[str] = ""
    version: ClassVar[int] = 0
    about: ClassVar[str] = ""
    ends: ClassVar[bool] = False
    personal: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(
        cls, *, type: str, version: int, about: str, ends: bool = False, personal: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.type, cls.version, cls.about, cls.ends, cls.personal = type, version, about, ends, frozenset(personal)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        if has_fractions(cls):
            raise TypeError(f"{cls.__name__} has a float: write a whole number of a smaller unit")
        known = _KNOWN.setdefault((cls.type, cls.version), cls)
        if known is not cls:
            raise TypeError(f"{cls.type} v{cls.version} is {known.__name__} already: a new meaning is a new version")

    @property
    def subject(self) -> str:
        """What it is about, such as `permit:0193e1a0-...`."""
        return f"{self.about}:{getattr(self, self.about)}"

    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The body, and the personal part that may be erased, as JSON values."""
        body = self.model_dump(mode="json")
        return body, {field: body.pop(field) for field in tuple(body) if field in self.personal}


_KNOWN: dict[tuple[str, int], type[Intent]] = {}


class UnknownIntent(Exception):
    """This code doesn't know the intent's type or version, or its fields don't fit: it is parked, never dropped."""

    def __init__(self, type: str, version: int, why: str) -> None:
        super().__init__(f"{type} v{version}: {why}")
        self.type, self.version, self.why = type, version, why


def decode(type: str, version: int, body: dict[str, Any], personal: dict[str, Any] | None) -> Intent:
    """The intent that was issued. Raises UnknownIntent."""
    known = _KNOWN.get((type, version))
    if known is None:
        raise UnknownIntent(type, version, "this release doesn't know it")
    if known.personal and personal is None:
        raise UnknownIntent(type, version, "its personal part has been erased")
    try:
        return known.model_validate({**body, **(personal or {})})
    except ValidationError as wrong:
        raise UnknownIntent(type, version, without_values(wrong)) from None


def known_intents() -> dict[tuple[str, int], type[Intent]]:
    """Every intent type and version that this code understands."""
    return dict(_KNOWN)


def understood() -> dict[str, tuple[int, ...]]:
    """The versions of each type, as a lot announces them."""
    versions: dict[str, list[int]] = {}
    for type, version in sorted(_KNOWN):
        versions.setdefault(type, []).append(version)
    return {type: tuple(known) for type, known in versions.items()}
