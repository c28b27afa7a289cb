"""What stands on the post: the sign, the ticket printer, the code scanner and the card reader."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from zoneinfo import ZoneInfo

from drivers.contract import DriverError, PrintedTicket
from drivers.post.plain_text import printable
from edge.doctor.findings import About
from edge.doctor.walk.bench import Standing
from edge.doctor.walk.guide import Guide
from models.instants import to_datetime

TEST_TEXT = "PARKGATE TEST 123"
TEST_CODE = "PARKGATE-TEST"
"""No ticket's code: nobody leaves with it."""
_SHOWN = 4


async def try_sign(guide: Guide, sign: Standing) -> None:
    about = About("sign", sign.part.name)
    try:
        await sign.driver.show([TEST_TEXT])
    except DriverError as error:
        guide.tell(about.fail(f"it doesn't show anything: {error.detail}", error.fault.look_at))
        return
    await _judge_sign(guide, sign, about)
    with suppress(DriverError):
        await sign.driver.show([""])


async def _judge_sign(guide: Guide, sign: Standing, about: About) -> None:
    if not guide.voice.attended:
        guide.tell(about.ok(f'it was told to show "{TEST_TEXT}"; nobody looked'))
    elif await guide.says_yes(f'\n{sign.part.name}: does it show "{TEST_TEXT}"?'):
        guide.tell(about.ok("it shows what it is told"))
    else:
        fix = "Its protocol, speed and number of lines in the configuration; its own address; the cable"
        guide.tell(about.fail("it takes the text, but nobody saw it there", fix))


async def try_printer(guide: Guide, printer: Standing, lot: str, zone: str) -> None:
    about = About("printer", printer.part.name)
    if not await guide.may_raise(f"\n{printer.part.name}: print a test ticket?"):
        guide.tell(about.skipped("nothing was printed: nobody said yes"))
        return
    now = to_datetime(guide.clock.read().wall).astimezone(ZoneInfo(zone))
    ticket = PrintedTicket(lot, "TEST", TEST_CODE, f"{now:%Y-%m-%d %H:%M}", ("A test: no ticket",))
    try:
        await printer.driver.print_ticket(ticket)
    except DriverError as error:
        guide.tell(about.fail(f"nothing was printed: {error.detail}", error.fault.look_at))
        return
    if not guide.voice.attended:
        guide.tell(about.ok("a test ticket was printed; nobody looked at it"))
    elif await guide.says_yes("Is it whole, and cut off?"):
        guide.tell(about.ok("a test ticket was printed"))
    else:
        fix = "`profile`, `columns`, `picture` and `cut` of the printer in the configuration; its paper and its knife"
        guide.tell(about.warn("the test ticket isn't as it should be", fix))


async def try_scanner(guide: Guide, scanner: Standing) -> None:
    await _try_reader(
        guide, About("scanner", scanner.part.name), scanner.driver.on_code, "hold a ticket's code before it"
    )


async def try_cards(guide: Guide, reader: Standing) -> None:
    await _try_reader(guide, About("cards", reader.part.name), reader.driver.on_card, "hold a card before it")


async def _try_reader(
    guide: Guide, about: About, listen: Callable[[Callable[[str], None]], None], what_to_do: str
) -> None:
    if not guide.voice.attended:
        guide.tell(about.skipped("nobody held anything before it"))
        return
    heard: list[str] = []
    listen(heard.append)
    guide.voice.say(f"\n{about.part}: {what_to_do}.")
    await guide.voice.watch(lambda: "waiting", lambda: bool(heard), guide.patience)
    if not heard:
        fix = "Its power, its lamp, its cable; speed and framing of its line; whether it is set to send a line's end"
        guide.tell(about.skipped("nothing was read", fix))
        return
    shown = printable(heard[0])
    guide.voice.say(f"Read: {shown}")
    guide.tell(about.ok(f"it reads: {len(shown)} characters that end with {shown[-_SHOWN:]}"))
