"""The walk itself: what stands beside the lanes, then lane by lane."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from drivers.contract import (
    Barrier,
    CardReader,
    CodeScanner,
    DigitalInput,
    PaymentTerminal,
    Sign,
    SpotSensor,
    TicketPrinter,
)
from edge.config.lane_settings import LaneSettings
from edge.doctor.findings import About
from edge.doctor.needs import Part
from edge.doctor.subject import Subject
from edge.doctor.walk.arm import ArmTrial
from edge.doctor.walk.bench import Bench, Standing
from edge.doctor.walk.desk import try_cards, try_printer, try_scanner, try_sign
from edge.doctor.walk.guide import Guide
from edge.doctor.walk.inputs import show_levels, try_inputs
from edge.doctor.walk.voice import HungUp

_SKIP = "skip"
_CHECKS: dict[type, str] = {
    DigitalInput: "inputs",
    Barrier: "relays",
    Sign: "sign",
    TicketPrinter: "printer",
    CodeScanner: "scanner",
    CardReader: "cards",
    SpotSensor: "sensors",
}


async def walk(subject: Subject, guide: Guide, only: Collection[str]) -> None:
    """Through all lanes, or the one that was asked for."""
    try:
        for lane in subject.lanes:
            if await _is_wanted(guide, lane.name, "its parts are started; no arm moves by that"):
                await _lane(subject, lane, guide, only)
        beside = [part for part in subject.parts if not part.lane and _is_needed(part, only)]
        if beside and await _is_wanted(guide, "what stands beside the lanes", "contacts are only looked at"):
            await _beside(beside, guide, only)
    except HungUp:
        guide.tell(About("walk", "lot").skipped("the walk ended: nobody is at the terminal any more"))


async def _is_wanted(guide: Guide, name: str, why: str) -> bool:
    if not guide.voice.attended:
        return True
    answer = await guide.voice.ask(f'\nNow {name}: {why}. Enter to begin, "{_SKIP}" to leave it out:')
    if answer.lower() != _SKIP:
        return True
    guide.tell(About("walk", name).skipped("it was left out"))
    return False


async def _lane(subject: Subject, lane: LaneSettings, guide: Guide, only: Collection[str]) -> None:
    own = [part for part in subject.parts if part.lane == lane.name and _is_needed(part, only)]
    async with Bench(own, guide.clock) as bench:
        for finding in await bench.connected():
            guide.tell(finding)
        standing = {each.part.key: each for each in bench.standing}
        if "inputs" in only:
            await try_inputs(guide, _of(bench.standing, DigitalInput))
        if "relays" in only:
            for barrier in _of(bench.standing, Barrier):
                await ArmTrial(guide, barrier, standing.get("closing_loop"), lane.timing.lane_timing()).run()
        await _post(subject, bench.standing, guide, only)


async def _post(subject: Subject, standing: Sequence[Standing], guide: Guide, only: Collection[str]) -> None:
    lot = subject.settings.lot
    for sign in _of(standing, Sign) if "sign" in only else ():
        await try_sign(guide, sign)
    for printer in _of(standing, TicketPrinter) if "printer" in only else ():
        await try_printer(guide, printer, lot.name, lot.timezone)
    for scanner in _of(standing, CodeScanner) if "scanner" in only else ():
        await try_scanner(guide, scanner)
    for reader in _of(standing, CardReader) if "cards" in only else ():
        await try_cards(guide, reader)
    for terminal in _of(standing, PaymentTerminal):
        guide.tell(About("connect", terminal.part.name).skipped("nothing was charged: a payment isn't tried out here"))


async def _beside(parts: Sequence[Part], guide: Guide, only: Collection[str]) -> None:
    async with Bench(parts, guide.clock) as bench:
        for finding in await bench.connected():
            guide.tell(finding)
        contacts = _of(bench.standing, DigitalInput)
        fire = [each for each in contacts if each.part.key == "fire"]
        others = [each for each in contacts if each.part.key != "fire"]
        if fire and "fire" in only:
            await show_levels(guide, "fire", fire, "it is only looked at; nothing moves by it now.")
        if others and "inputs" in only:
            await try_inputs(guide, others)
        sensors = _of(bench.standing, SpotSensor)
        if sensors and "sensors" in only:
            await show_levels(guide, "sensors", sensors, "a sensor that speaks rarely may not be known yet.")


def _is_needed(part: Part, only: Collection[str]) -> bool:
    """No arm is tried without a look at what is under it."""
    check = "fire" if part.name == "lot.fire" else _CHECKS.get(part.settings.contract, "connect")
    return "connect" in only or check in only or (part.key == "closing_loop" and "relays" in only)


def _of(standing: Sequence[Standing], contract: type) -> list[Standing]:
    return [each for each in standing if each.contract is contract]
