"""This computer's GPIO pins: the chip, who may use it, and the library. No pin is touched."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from edge.doctor.findings import About
from edge.doctor.needs import Pin, users_of
from edge.doctor.person import group_of
from edge.doctor.subject import Found, Subject

CHECK = "gpio"
_ABOUT = About(CHECK, "lot")
_FACTORY = "GPIOZERO_PIN_FACTORY"


def look(subject: Subject) -> Found:
    pins: dict[Pin, list[str]] = users_of(subject.parts, Pin)
    if not pins:
        yield _ABOUT.ok("no part is on a pin of this computer")
        return
    for pin, users in sorted(pins.items(), key=lambda entry: entry[0].number):
        if len(users) > 1:
            yield About(CHECK, ", ".join(users)).fail(
                f"GPIO{pin.number} is used twice", "Give each part a pin of its own"
            )
    said = ", ".join(f"GPIO{pin.number} ({', '.join(users)})" for pin, users in sorted(pins.items(), key=_by_number))
    factory = os.environ.get(_FACTORY, "lgpio")
    if factory != "lgpio":
        yield _ABOUT.warn(
            f"{_FACTORY} is {factory}: {said} may not be the real pins",
            f"Take {_FACTORY} out of the environment at a real lot",
            pins=len(pins),
        )
        return
    yield from _the_chip(subject, said, len(pins))


def _by_number(entry: tuple[Pin, list[str]]) -> int:
    return entry[0].number


def _the_chip(subject: Subject, said: str, pins: int) -> Found:
    chips, person = subject.machine.found("dev/gpiochip*"), subject.machine.person
    if find_spec("lgpio") is None:
        yield _ABOUT.fail(
            f"the package lgpio isn't installed, so {said} can't be used", "`make setup` on a Raspberry Pi"
        )
    if not chips:
        yield _ABOUT.fail(
            f"this computer has no GPIO chip, but {said} are configured",
            "Is this the Raspberry Pi? Else a relay board on a serial port or in the network",
        )
        return
    forbidden = [chip for chip in chips if not person.may_use(chip)]
    if len(forbidden) == len(chips):
        group = group_of(chips[0]) or "gpio"
        yield _ABOUT.fail(
            f"{person.name} may not use {', '.join(map(str, chips))}, which belong to the group {group}",
            f"usermod -aG {group} {person.name}, then start the daemon anew",
        )
        return
    if person.uid == os.geteuid() and not person.may_make_files_in(Path.cwd()):
        yield _ABOUT.warn(
            f"lgpio makes a file in the folder in which it is started, and {person.name} may not write {Path.cwd()}",
            "`WorkingDirectory=` in the unit, or start it in a folder of its own",
        )
    yield _ABOUT.ok(f"the chip may be used; configured are {said}", pins=pins)
