"""Loops, buttons and contacts: each is shown live while somebody drives over it or presses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge.doctor.checks.daemon import level_word
from edge.doctor.findings import About
from edge.doctor.walk.bench import Standing
from edge.doctor.walk.guide import Guide
from edge.doctor.walk.voice import Ended
from edge.doctor.walk.watching import Level, Watched, judged

CHECK = "inputs"
SHOWN_SECONDS = 3.0


async def try_inputs(guide: Guide, inputs: Sequence[Standing]) -> None:
    """One after the other; the others are watched too, in case the wires are exchanged."""
    now: dict[str, Watched] = {}

    def listener(name: str) -> Callable[[Level], None]:
        return lambda level: now[name].heard(guide.clock.monotonic(), level)

    for each in inputs:
        now[each.part.name] = Watched(each.driver.level)
        each.driver.on_level(listener(each.part.name))
    for each in inputs:
        now.update({other.part.name: Watched(other.driver.level) for other in inputs})
        await _try_one(guide, each, inputs, now)


async def _try_one(guide: Guide, each: Standing, inputs: Sequence[Standing], now: dict[str, Watched]) -> None:
    about, watched = About(CHECK, each.part.name), now[each.part.name]
    guide.voice.say(f"\n{each.part.name}: {_what_to_do(each.part.key)}")
    ended = await guide.voice.watch(
        lambda: "  ".join(_shown(other, each) for other in inputs),
        lambda: watched.is_done(guide.clock.monotonic()),
        guide.patience if guide.voice.attended else SHOWN_SECONDS,
    )
    others = {name: other for name, other in now.items() if other is not watched}
    left = ended is Ended.ENTER or not guide.voice.attended
    guide.tell(judged(about, watched, others, gave_up=left))


def _what_to_do(key: str) -> str:
    if "loop" in key:
        return "drive a vehicle onto it and off again (a steel plate will do)."
    if key.startswith("buttons."):
        return "press it and let it go."
    return "make it and open it again."


def _shown(other: Standing, each: Standing) -> str:
    name, word = other.part.key, level_word(other.driver.level)
    return f"[{name}: {word.upper()}]" if other is each else f"{name}: {word}"


async def show_levels(guide: Guide, check: str, standing: Sequence[Standing], why: str) -> None:
    """What is only looked at: nobody is asked to make a fire alarm."""
    guide.voice.say(f"\n{', '.join(each.part.name for each in standing)}: {why}")
    await guide.voice.watch(
        lambda: "  ".join(f"{each.part.key}: {_level(each)}" for each in standing), lambda: False, SHOWN_SECONDS
    )
    for each in standing:
        about, level = About(check, each.part.name), _level(each)
        if level == "unknown":
            guide.tell(about.fail("its level isn't known", "The fault of this part under `connect`"))
        elif check == "fire" and level == "on":
            fix = "Is there an alarm? Else its `active_low` or its payloads: the daemon would raise every arm"
            guide.tell(about.fail("the fire contact is made", fix, level=True))
        else:
            guide.tell(about.ok(f"it is {level}; it was only looked at", level=level == "on"))


def _level(each: Standing) -> str:
    driver = each.driver
    return level_word(driver.level if hasattr(driver, "level") else driver.occupied)
