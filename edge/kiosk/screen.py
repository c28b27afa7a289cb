"""What the page shows of one lane: its line in every language, its plate, its buttons in their order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from edge.kiosk.contract import Screen
from edge.lane.signals import Button, Phase
from models.phrases.language import Language
from models.phrases.phrase import Phrase
from models.tickets import Direction

WELCOME = {Direction.ENTRY: Phrase.DRIVE_UP_TO_ENTER, Direction.EXIT: Phrase.DRIVE_UP_TO_LEAVE}
"""What stands there while no vehicle does."""
BUSY = Phrase.ONE_MOMENT
"""What stands there when a lane that is at work says nothing."""


class Tone(StrEnum):
    """How a line is meant, for its colour and its sign."""

    CALM = "calm"
    BUSY = "busy"
    ASK = "ask"
    """The driver is expected to do something."""
    GO = "go"
    STOP = "stop"


_FREE_TO_GO = (Phrase.DRIVE_ON, Phrase.FIRE_LEAVE)
"""Lines of an idle lane that stop nobody."""
_TONES = {Phase.IDLE: Tone.CALM, Phase.REFUSED: Tone.STOP, Phase.VENDED: Tone.GO, Phase.PASSING: Tone.GO}
_ORDER = (Button.CONFIRM, Button.DENY, Button.TICKET, Button.LOST_TICKET)


def shown(screen: Screen, languages: Sequence[Language]) -> dict[str, Any]:
    """For the page, as JSON. A line that a language doesn't have is left out of it there, and shown in English."""
    line = _line(screen)
    return {
        "phase": screen.phase,
        "tone": _tone(screen),
        "english": line,
        "line": _in_words(line, languages),
        "called": {"en": screen.help_line, **_in_words(screen.help_line, languages)},
        "plate": screen.plate,
        "price": {"en": screen.price, **_in_words(screen.price, languages)},
        "buttons": buttons(screen),
    }


def buttons(screen: Screen) -> list[str]:
    """By the names that the page knows, in their order on the screen: what was asked first, help last."""
    asked: list[str] = [button for button in _ORDER if button in screen.asks]
    if takes_code(screen):
        asked.append("code")
    if screen.choose_type:
        asked.append("type")
    return [*asked, Button.HELP]


def takes_press(screen: Screen, button: Button, plate: str | None) -> bool:
    """Whether this press makes sense now. Yes and no are about the plate that the driver saw, and no other."""
    if button is Button.HELP:
        return True
    if button in (Button.CONFIRM, Button.DENY) and plate != screen.plate:
        return False
    return button in screen.asks


def takes_code(screen: Screen) -> bool:
    """Whether a typed ticket code makes sense now: a vehicle stands at the exit and hasn't been let out."""
    return screen.direction is Direction.EXIT and screen.phase in (Phase.READING, Phase.REFUSED)


def _in_words(line: str, languages: Sequence[Language]) -> dict[str, str]:
    said = {language.code: language.says(line) for language in languages}
    return {code: text for code, text in said.items() if text is not None}


def _line(screen: Screen) -> str:
    """The lane's line. The plate at its end stands large below it, once is enough."""
    line = screen.line.removesuffix(screen.plate or "").strip()
    return line or (WELCOME[screen.direction] if screen.phase is Phase.IDLE else BUSY)


def _tone(screen: Screen) -> Tone:
    if screen.phase is Phase.IDLE and screen.line:
        # An idle lane that says something is closed, or kept open.
        return Tone.GO if screen.line in _FREE_TO_GO else Tone.STOP
    if Button.CONFIRM in screen.asks or (screen.phase is Phase.READING and set(screen.asks) - {Button.HELP}):
        return Tone.ASK
    return _TONES.get(screen.phase, Tone.BUSY)
