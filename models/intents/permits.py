"""Intents about permits: vehicles that may come in while others may not."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from models.cards import card_number
from models.ids import PermitId
from models.instants import Instant
from models.intents.base import Intent
from models.passback import Passback
from models.plates import Plate, normalised
from models.spots import Right

MOST_PLATES = 50


def _plate(text: str) -> str:
    if normalised(text) != text:
        raise ValueError("not as a plate is written here")
    return text


def _card(text: str) -> str:
    if not text or card_number(text) != text:
        raise ValueError("not as a card's number is written here")
    return text


class PermitGranted(Intent, type="permit.granted", version=1, about="permit", personal=("plates",)):
    """Any of these vehicles may enter from `valid_from` until just before `valid_until`; None: without that bound.

    Its cards stand for the first of the plates. `passback` None: as the lot has it. `account`: what several permits
    belong to; nothing depends on it yet.
    """

    permit: PermitId
    plates: tuple[Annotated[Plate, AfterValidator(_plate)], ...] = Field(min_length=1, max_length=MOST_PLATES)
    cards: tuple[Annotated[str, AfterValidator(_card)], ...] = Field(default=(), max_length=MOST_PLATES)
    rights: tuple[Right, ...] = ()
    passback: Passback | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    account: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> PermitGranted:
        if self.valid_from is not None and self.valid_until is not None and self.valid_from >= self.valid_until:
            raise ValueError("it ends before it begins")
        return self


class PermitRevoked(Intent, type="permit.revoked", version=1, about="permit", ends=True):
    """The permit no longer lets anybody in. Who is inside may leave."""

    permit: PermitId
