"""The round of checks: all that asks nobody, side by side, each with a deadline."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drivers.over_serial.kept_open import within
from edge.doctor.checks import (
    brokers,
    camera,
    clock,
    cloud,
    computer,
    configuration,
    daemon,
    devices,
    disk,
    files,
    gpio,
    network,
    passwords,
    screens,
    user,
)
from edge.doctor.findings import PASSIVE, About, Finding
from edge.doctor.subject import Found, Subject
from models.instants import Clock

DEADLINE_SECONDS = 10.0
_AT_ONCE = 6
_ONE_EACH = (configuration, user, passwords, files, disk, clock, computer, devices, gpio, screens, cloud, daemon)


@dataclass(frozen=True)
class Check:
    """Something to look at. `after`: the one that has to be done before, because it hands something on."""

    name: str
    part: str
    look: Callable[[], Found]
    after: Check | None = None


Told = Callable[[Check, Sequence[Finding] | None], None]
"""Told when a check begins (None) and what it has found."""


def checks(
    subject: Subject, only: Collection[str], pictures: Callable[[], Path]
) -> tuple[list[Check], list[camera.Eye]]:
    """Those that were asked for, in their order, and the cameras to close when all is done."""
    wanted = [check for check in _general(subject) if check.name in only]
    seeing = camera.eyes(subject) if {camera.CAMERA, camera.PLATES} & set(only) else []
    wanted += _of_cameras(subject, seeing, camera.PLATES in only, pictures)
    if camera.CAMERA in only:
        wanted += [Check(camera.CAMERA, part.name, partial(camera.look_at_told, part)) for part in camera.told(subject)]
    return sorted(wanted, key=lambda check: PASSIVE.index(check.name)), seeing


def _general(subject: Subject) -> Iterator[Check]:
    for module in _ONE_EACH:
        yield Check(module.CHECK, "", partial(module.look, subject))
    for device, users in network.look_for(subject).items():
        yield Check(network.CHECK, device.address, partial(network.look, subject, device, users))
    for broker, users in brokers.look_for(subject):
        yield Check(brokers.CHECK, broker.settings.address, partial(brokers.look, subject, broker, users))


def _of_cameras(
    subject: Subject, seeing: list[camera.Eye], plates: bool, pictures: Callable[[], Path]
) -> Iterator[Check]:
    """One after the other: the reader isn't for two at once, and small computers have few cores."""
    opened: dict[str, Check] = {}
    for eye in seeing:
        opened[eye.part.name] = Check(camera.CAMERA, eye.part.name, eye.look)
        yield opened[eye.part.name]
    if not plates or not seeing:
        return
    reading = camera.Reading(subject.settings.vision)
    last = Check(camera.PLATES, "vision", reading.load, after=next(reversed(opened.values())))
    yield last
    for eye in seeing:
        last = Check(camera.PLATES, eye.part.name, partial(_read, eye, reading, pictures), after=last)
        yield last


def _read(eye: camera.Eye, reading: camera.Reading, pictures: Callable[[], Path]) -> Found:
    if reading.reader is None:
        return [About(camera.PLATES, eye.part.name).skipped("there is no plate reader")]
    return eye.read(reading.reader, pictures())


async def go_round(wanted: Sequence[Check], clock: Clock, told: Told) -> list[Finding]:
    """All findings, in the order of the checks."""
    turn, done = asyncio.Semaphore(_AT_ONCE), {id(check): asyncio.Event() for check in wanted}

    async def one(check: Check) -> list[Finding]:
        if check.after is not None and id(check.after) in done:
            await done[id(check.after)].wait()
        async with turn:
            told(check, None)
            found = await _within_its_time(check, clock)
        told(check, found)
        done[id(check)].set()
        return found

    rounds = await asyncio.gather(*(one(check) for check in wanted))
    return [finding for found in rounds for finding in found]


async def _within_its_time(check: Check, clock: Clock) -> list[Finding]:
    about = About(check.name, check.part or "lot")
    work = asyncio.ensure_future(within(clock, DEADLINE_SECONDS, _in_a_thread(lambda: list(check.look()))))
    await asyncio.wait([work])
    error = work.exception()
    if error is None:
        return work.result()
    if isinstance(error, TimeoutError):
        fix = "What it looks at hangs: the disk, the name server or the device. Look again with --only " + check.name
        return [about.fail(f"this check wasn't done within {DEADLINE_SECONDS:g} s", fix)]
    said = f"this check broke off: {type(error).__name__}: {error}"
    return [about.fail(said, "A mistake of Parkgate's own: please report it, with what stands on this screen")]


async def _in_a_thread(work: Callable[[], list[Finding]]) -> list[Finding]:
    """In a thread that nobody has to wait for: one that hangs is left behind when the programme ends."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[Finding]] = loop.create_future()

    def settle(found: list[Finding] | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(found or [])

    def run() -> None:
        try:
            found = work()
        except BaseException as error:
            _tell(loop, settle, None, error)
            raise
        _tell(loop, settle, found, None)

    threading.Thread(target=run, daemon=True, name="check").start()
    return await done


def _tell(
    loop: asyncio.AbstractEventLoop,
    settle: Callable[[list[Finding] | None, BaseException | None], None],
    found: list[Finding] | None,
    error: BaseException | None,
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle, found, error)
