"""The lane's screen in a browser: what a driver sees, presses and is told when the lane's computer is away."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from edge.kiosk.passes import link, token
from edge.kiosk.secret import secret_in
from edge.kiosk.settings import KioskSettings
from edge.lane.signals import Button, Phase
from models.codes import ticket_code
from models.phrases.language import language, spoken
from models.spots import VehicleType
from simulator.servers import free_port
from tests.edge.screens import IN, OUT, KioskAtWork, LaneWithScreen, an_entry, an_exit, wait_for

SMALL, TALL = (800, 480), (1080, 1920)
NUMBER = "+49 941 555 0199"
CODE = ticket_code(123_456_789)
EVERYTHING = (Button.CONFIRM, Button.DENY, Button.TICKET, Button.LOST_TICKET, Button.HELP)

# Whatever is seen stands inside the screen and inside its own place, in letters of 6 % of the shorter side.
MISFITS = """() => {
  const short = Math.min(innerWidth, innerHeight), wrong = [];
  const seen = (each) => each.checkVisibility() && each.getBoundingClientRect().width > 0;
  const open = [...document.querySelectorAll(".panel")].find(seen) ?? document.querySelector("#lane");
  const name = (each) => `${each.id || each.dataset.name || each.className}: ${each.textContent.trim()}`;
  const within = (inner, outer) => {
    const [a, b] = [inner.getBoundingClientRect(), outer.getBoundingClientRect()];
    return a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  };
  for (const each of open.querySelectorAll("h1, p, span, output, button, b")) {
    if (!seen(each)) continue;
    if (!within(each, document.documentElement)) wrong.push(`off the screen, ${name(each)}`);
    if (each.scrollWidth > each.clientWidth + 1 && each.clientWidth) wrong.push(`too wide, ${name(each)}`);
    if (each.textContent && parseFloat(getComputedStyle(each).fontSize) < 0.0599 * short)
      wrong.push(`too small, ${name(each)}`);
    const button = each.closest("button");
    if (button && button !== each && !within(each, button)) wrong.push(`out of its button, ${name(each)}`);
  }
  if (open.id === "lane") {
    for (const each of document.querySelectorAll("#line, #plate, #notice"))
      if (seen(each) && !within(each, document.querySelector("#said"))) wrong.push(`out of its place, ${name(each)}`);
    for (const each of document.querySelectorAll("#actions button"))
      if (each.getBoundingClientRect().height < 0.2 * short) wrong.push(`too low, ${name(each)}`);
  }
  return wrong;
}"""


@pytest.fixture
def kiosk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[KioskAtWork]:
    """Screens at the lot's own computer; its languages can be given."""
    settings = KioskSettings(port=free_port(), help_number=NUMBER).at(getattr(request, "param", ()))
    kiosk = KioskAtWork(settings, {IN: an_entry(), OUT: an_exit()}, tmp_path / "kiosk.secret")
    kiosk.start()
    yield kiosk
    kiosk.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a screen in which nothing may go wrong and from which nothing may reach another machine."""
    wrong: list[str] = []
    windows = []

    def opening(address: str, size: tuple[int, int] = SMALL) -> Page:
        window = chromium.new_context(viewport={"width": size[0], "height": size[1]})
        windows.append(window)
        page = window.new_page()
        page.on("request", lambda request: wrong.append(request.url) if _leaves(request.url) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if _matters(said.type, said.text) else None)
        page.goto(address)
        return page

    yield opening
    for window in windows:
        window.close()
    assert wrong == []


@pytest.fixture
def exit_screen(kiosk: KioskAtWork, open_page: Callable[..., Page]) -> Page:
    page = open_page(f"{kiosk.address}/{OUT}")
    expect(page.locator("#line")).to_have_text("Exit, please drive up")
    return page


@pytest.fixture
def entry_screen(kiosk: KioskAtWork, open_page: Callable[..., Page]) -> Page:
    page = open_page(f"{kiosk.address}/{IN}")
    expect(page.locator("#line")).to_have_text("Welcome, please drive up")
    return page


def passed_on(lane: LaneWithScreen, *expected: object) -> None:
    wait_for(lambda: len(lane.passed_on) >= len(expected))
    assert lane.passed_on == list(expected)


# --- what a driver presses ---


def test_a_driver_takes_a_ticket_for_a_van(kiosk: KioskAtWork, entry_screen: Page) -> None:
    kiosk.shows(IN, Phase.READING, "Press for a ticket", Button.TICKET, Button.HELP, choose_type=True)
    entry_screen.get_by_role("button", name="Vehicle type").click()
    entry_screen.get_by_role("button", name="Van, truck").click()
    entry_screen.get_by_role("button", name="Get a ticket").click()
    passed_on(kiosk.lanes[IN], VehicleType.LARGE, Button.TICKET)


def test_a_driver_says_that_it_is_their_plate(kiosk: KioskAtWork, exit_screen: Page) -> None:
    asks = (Button.CONFIRM, Button.DENY, Button.HELP)
    kiosk.shows(OUT, Phase.READING, "Is this your plate? RMU1844", *asks, plate="RMU1844")
    expect(exit_screen.locator("#line")).to_have_text("Is this your plate?")
    expect(exit_screen.locator("#plate")).to_have_text("RMU1844")
    exit_screen.get_by_role("button", name="Yes").click()
    passed_on(kiosk.lanes[OUT], Button.CONFIRM)


def test_a_driver_types_the_code_of_their_ticket(kiosk: KioskAtWork, exit_screen: Page) -> None:
    kiosk.shows(OUT, Phase.REFUSED, "Please press the intercom", Button.LOST_TICKET, Button.HELP)
    exit_screen.get_by_role("button", name="Type my ticket code").click()
    wrong = CODE.replace("-", "")[:-1] + ("0" if CODE[-1] != "0" else "1")
    for character in wrong:
        exit_screen.locator("#code .keys").get_by_role("button", name=character, exact=True).click()
    exit_screen.get_by_role("button", name="OK").click()
    expect(exit_screen.locator("#code-said")).to_have_text("Please check the code")
    exit_screen.get_by_role("button", name="Delete").click()
    exit_screen.locator("#code .keys").get_by_role("button", name=CODE[-1], exact=True).click()
    expect(exit_screen.locator("#typed")).to_have_text(CODE)
    exit_screen.get_by_role("button", name="OK").click()
    expect(exit_screen.locator("#code")).to_be_hidden()
    passed_on(kiosk.lanes[OUT], CODE)


def test_a_driver_calls_for_help_and_is_told_that_somebody_comes(kiosk: KioskAtWork, exit_screen: Page) -> None:
    exit_screen.get_by_role("button", name="Call for help").click()
    expect(exit_screen.locator("#notice")).to_have_text("Help is on its way")
    passed_on(kiosk.lanes[OUT], Button.HELP)
    kiosk.shows(OUT, Phase.REFUSED, "Help is on its way", Button.HELP)
    expect(exit_screen.locator("#line")).to_have_text("Help is on its way")
    expect(exit_screen.locator("#notice")).to_be_hidden()


def test_a_driver_whom_nobody_hears_is_told_whom_to_ring(kiosk: KioskAtWork, exit_screen: Page) -> None:
    kiosk.shows(OUT, Phase.REFUSED, "Please scan your ticket", help_line=f"Please call {NUMBER}")
    exit_screen.get_by_role("button", name="Deutsch").click()
    exit_screen.get_by_role("button", name="Hilfe rufen").click()
    expect(exit_screen.locator("#notice")).to_have_text(f"Bitte {NUMBER} anrufen")
    assert exit_screen.evaluate(MISFITS) == []


def test_help_is_called_from_every_panel(kiosk: KioskAtWork, exit_screen: Page) -> None:
    kiosk.shows(OUT, Phase.REFUSED, "Please press the intercom", Button.LOST_TICKET, Button.HELP, choose_type=True)
    for way, panel in (("Type my ticket code", "#code"), ("Vehicle type", "#types")):
        exit_screen.get_by_role("button", name=way).click()
        exit_screen.locator(panel).get_by_role("button", name="Call for help").click()
        expect(exit_screen.locator("#notice")).to_have_text("Help is on its way")
        expect(exit_screen.get_by_role("button", name=way)).to_be_visible()
    passed_on(kiosk.lanes[OUT], Button.HELP)


def test_what_has_just_appeared_under_a_finger_is_not_pressed(kiosk: KioskAtWork, exit_screen: Page) -> None:
    exit_screen.evaluate(
        """() => new MutationObserver(() => document.querySelector("[data-name=lost_ticket]")?.click())
        .observe(document.querySelector("#actions"), { childList: true })"""
    )
    kiosk.shows(OUT, Phase.REFUSED, "Please press the intercom", Button.LOST_TICKET, Button.HELP)
    expect(exit_screen.get_by_role("button", name="I lost my ticket")).to_be_enabled()
    assert kiosk.lanes[OUT].passed_on == []


# --- a keypad beside the screen ---


def test_the_keys_of_a_keypad_press_the_buttons_in_their_order(kiosk: KioskAtWork, entry_screen: Page) -> None:
    kiosk.shows(IN, Phase.READING, "Press for a ticket", Button.TICKET, Button.HELP, choose_type=True)
    expect(entry_screen.get_by_role("button", name="Get a ticket")).to_be_enabled()
    entry_screen.keyboard.press("0")
    expect(entry_screen.locator("#line")).to_have_text("Bitte Ticket ziehen")
    entry_screen.keyboard.press("Numpad2")
    expect(entry_screen.get_by_role("button", name="Motorrad")).to_be_enabled()
    entry_screen.keyboard.press("1")
    expect(entry_screen.locator("#types")).to_be_hidden()
    for key in ("1", "3", "9"):
        entry_screen.keyboard.press(key)
    passed_on(kiosk.lanes[IN], VehicleType.MOTORCYCLE, Button.TICKET, Button.HELP)


def test_a_key_that_is_held_down_is_one_press(kiosk: KioskAtWork, exit_screen: Page) -> None:
    kiosk.shows(OUT, Phase.REFUSED, "Please press the intercom", Button.LOST_TICKET, Button.HELP)
    expect(exit_screen.get_by_role("button", name="I lost my ticket")).to_be_enabled()
    for _ in range(5):
        exit_screen.keyboard.down("1")
    exit_screen.keyboard.up("1")
    exit_screen.get_by_role("button", name="Call for help").click()
    passed_on(kiosk.lanes[OUT], Button.LOST_TICKET, Button.HELP)


def test_a_code_is_typed_on_a_keyboard_with_the_letters_that_people_mistake(
    kiosk: KioskAtWork, exit_screen: Page
) -> None:
    kiosk.shows(OUT, Phase.REFUSED, "Please press the intercom", Button.LOST_TICKET, Button.HELP)
    exit_screen.get_by_role("button", name="Type my ticket code").click()
    expect(exit_screen.locator("#code")).to_be_visible()
    exit_screen.keyboard.type("oi l")
    expect(exit_screen.locator("#typed")).to_have_text("011_-____")
    for _ in range(3):
        exit_screen.keyboard.press("Backspace")
    exit_screen.keyboard.type(CODE.replace("-", "").lower())
    exit_screen.keyboard.press("Enter")
    passed_on(kiosk.lanes[OUT], CODE)


def test_a_space_is_not_a_second_press_of_the_button_that_opened_the_keypad(
    kiosk: KioskAtWork, exit_screen: Page
) -> None:
    kiosk.shows(OUT, Phase.REFUSED, "Please press the intercom", Button.LOST_TICKET, Button.HELP)
    expect(exit_screen.get_by_role("button", name="Type my ticket code")).to_be_enabled()
    opened = "const opener = document.querySelector('[data-name=code]'); opener.focus(); opener.click();"
    # Before the browser's next frame, as when the letters follow at once.
    assert exit_screen.evaluate(f"() => {{ {opened} return document.activeElement.id }}") == "code"


def test_the_focus_goes_from_the_buttons_of_the_lane_to_the_languages(kiosk: KioskAtWork, exit_screen: Page) -> None:
    kiosk.shows(OUT, Phase.REFUSED, "Please press the intercom", Button.LOST_TICKET, Button.HELP)
    expect(exit_screen.get_by_role("button", name="I lost my ticket")).to_be_enabled()
    order = []
    for _ in range(5):
        exit_screen.keyboard.press("Tab")
        order.append(exit_screen.evaluate("document.activeElement.dataset.name"))
    assert order == ["lost_ticket", "code", "help", "en", "de"]


# --- languages ---


def test_the_language_goes_with_the_driver_who_chose_it(kiosk: KioskAtWork, exit_screen: Page) -> None:
    exit_screen.get_by_role("button", name="Polski").click()
    kiosk.shows(OUT, Phase.VENDED, "12.50 EUR paid, goodbye")
    expect(exit_screen.locator("#line")).to_have_text("Zapłacono 12,50 EUR, do widzenia")
    assert exit_screen.evaluate("document.documentElement.lang") == "pl"
    kiosk.shows(OUT, Phase.IDLE)
    expect(exit_screen.locator("#line")).to_have_text("Exit, please drive up")


def test_a_driver_close_behind_another_reads_the_lot_s_own_language(kiosk: KioskAtWork, exit_screen: Page) -> None:
    exit_screen.get_by_role("button", name="Polski").click()
    kiosk.shows(OUT, Phase.PASSING, "Goodbye")
    expect(exit_screen.locator("#line")).to_have_text("Do widzenia")
    kiosk.shows(OUT, Phase.READING, "Reading your plate")
    expect(exit_screen.locator("#line")).to_have_text("Reading your plate")


def test_a_driver_who_is_looked_at_again_keeps_their_language(kiosk: KioskAtWork, exit_screen: Page) -> None:
    exit_screen.get_by_role("button", name="Polski").click()
    kiosk.shows(OUT, Phase.REFUSED, "Car park full")
    expect(exit_screen.locator("#line")).to_have_text("Brak wolnych miejsc")
    kiosk.shows(OUT, Phase.READING, "Reading your plate")
    expect(exit_screen.locator("#line")).to_have_text("Odczyt numeru rejestracyjnego")


def test_a_line_without_a_translation_is_english_and_says_so(kiosk: KioskAtWork, exit_screen: Page) -> None:
    exit_screen.get_by_role("button", name="Türkçe").click()
    kiosk.shows(OUT, Phase.REFUSED, "Mind the goose")
    expect(exit_screen.locator("#line")).to_have_text("Mind the goose")
    expect(exit_screen.locator("#line")).to_have_attribute("lang", "en")


# --- the connection ---


def test_a_change_is_on_the_screen_within_a_tenth_of_a_second(kiosk: KioskAtWork, exit_screen: Page) -> None:
    exit_screen.evaluate(
        """() => { window.seen = {}; new MutationObserver(() => {
          window.seen[document.querySelector("#line").textContent] ??= Date.now();
        }).observe(document.querySelector("#line"), { childList: true, characterData: true, subtree: true }); }"""
    )
    began = {}
    for spot in range(15):
        line = f"Welcome, spot {spot}"
        began[line] = time.time() * 1000
        kiosk.shows(OUT, Phase.VENDED, line)
        expect(exit_screen.locator("#line")).to_have_text(line)
    seen = exit_screen.evaluate("window.seen")
    took = [seen[line] - at for line, at in began.items()]
    assert median(took) < 100, f"a change took {max(took):.0f} ms at worst"


def test_a_restart_of_the_lot_s_computer_is_said_and_passes_by_itself(kiosk: KioskAtWork, exit_screen: Page) -> None:
    exit_screen.get_by_role("button", name="Deutsch").click()
    kiosk.shows(OUT, Phase.REFUSED, "Please press the intercom", Button.LOST_TICKET, Button.HELP)
    expect(exit_screen.locator("#line")).to_have_text("Bitte die Sprechanlage drücken")
    kiosk.stop()
    expect(exit_screen.locator("#away")).to_be_visible()
    expect(exit_screen.locator("#away .wait")).to_have_text("Einen Moment, bitte")
    expect(exit_screen.locator("#away .telephone")).to_have_text(f"Hilfe per Telefon {NUMBER}")
    kiosk.start()
    expect(exit_screen.locator("#away")).to_be_hidden()
    expect(exit_screen.locator("#line")).to_have_text("Bitte die Sprechanlage drücken")
    exit_screen.get_by_role("button", name="Ticket verloren").click()
    passed_on(kiosk.lanes[OUT], Button.LOST_TICKET)


@pytest.fixture
def wired_kiosk(tmp_path: Path) -> Iterator[KioskAtWork]:
    """Screens in cabinets of their own."""
    settings = KioskSettings(listen="0.0.0.0", host="127.0.0.1", port=free_port())
    kiosk = KioskAtWork(settings, {IN: an_entry(), OUT: an_exit()}, tmp_path / "kiosk.secret")
    kiosk.start()
    yield kiosk
    kiosk.close()


def test_a_screen_that_opens_its_link_hides_the_token_and_comes_back_without_it(
    wired_kiosk: KioskAtWork, open_page: Callable[..., Page]
) -> None:
    page = open_page(link(wired_kiosk.settings, OUT, secret_in(wired_kiosk.secret_file)))
    expect(page.locator("#line")).to_have_text("Exit, please drive up")
    assert page.url == f"{wired_kiosk.address}/{OUT}"
    wired_kiosk.stop()
    expect(page.locator("#away")).to_be_visible()
    wired_kiosk.start()
    expect(page.locator("#away")).to_be_hidden()
    page.reload()
    expect(page.locator("#line")).to_have_text("Exit, please drive up")
    assert page.evaluate("document.cookie") == ""


def test_a_stranger_is_told_what_the_screen_lacks_and_a_new_link_helps(
    wired_kiosk: KioskAtWork, open_page: Callable[..., Page]
) -> None:
    secret = secret_in(wired_kiosk.secret_file)
    page = open_page(f"{wired_kiosk.address}/{OUT}#{token(secret, IN)}")
    expect(page.locator("#away .stranger")).to_have_text("This screen needs its link: parkgate-edge kiosk-link")
    assert page.locator("#actions button").count() == 0
    page.goto(link(wired_kiosk.settings, OUT, secret))
    expect(page.locator("#line")).to_have_text("Exit, please drive up")


# --- what it looks like ---


@pytest.mark.parametrize("size", [SMALL, TALL], ids=["small", "tall"])
@pytest.mark.parametrize(("kiosk", "code"), [((code,), code) for code in spoken()], indirect=["kiosk"])
def test_everything_fits_and_is_large_in_every_language(
    kiosk: KioskAtWork, open_page: Callable[..., Page], code: str, size: tuple[int, int]
) -> None:
    spoken_here = language(code)
    page = open_page(f"{kiosk.address}/{OUT}", size)
    page.get_by_role("button", name=spoken_here.name).click()
    longest = sorted(language("de").lines, key=lambda line: len(spoken_here.says(line) or line))[-8:]
    scenes = [
        *((Phase.REFUSED, line, (Button.LOST_TICKET, Button.HELP), {"plate": "RMU1844"}) for line in longest),
        (Phase.READING, "Is this your plate?", EVERYTHING[:2], {"plate": "WWWWWWWWWWWW"}),
        (Phase.READING, "Press for a ticket", EVERYTHING, {"plate": "RMU1844", "choose_type": True}),
    ]
    misfits: list[tuple[str, list[str]]] = []
    for phase, line, asks, more in scenes:
        kiosk.shows(OUT, phase, line, *asks, **more)
        expect(page.locator("#line")).to_have_text(spoken_here.says(line) or "")
        misfits.append((line, page.evaluate(MISFITS)))
    page.locator("[data-name=type]").click()
    expect(page.locator("#types h1")).to_have_text(spoken_here.page["which_type"])
    misfits.append(("types", page.evaluate(MISFITS)))
    page.locator("#types [data-name=back]").click()
    page.locator("[data-name=code]").click()
    expect(page.locator("#code-said")).to_have_text(spoken_here.page["type_code"])
    page.locator("[data-end=done]").click()
    expect(page.locator("#code-said")).to_have_text(spoken_here.page["wrong_code"])
    misfits.append(("code", page.evaluate(MISFITS)))
    kiosk.stop()
    expect(page.locator("#away .wait")).to_have_text(spoken_here.page["away"])
    misfits.append(("away", page.evaluate(MISFITS)))
    assert [(scene, wrong) for scene, wrong in misfits if wrong] == []


def test_a_screen_at_night_does_not_glare(kiosk: KioskAtWork, exit_screen: Page) -> None:
    asks = (Button.CONFIRM, Button.DENY, Button.HELP)
    kiosk.shows(OUT, Phase.READING, "Is this your plate? RMU1844", *asks, plate="RMU1844")
    expect(exit_screen.locator("#plate")).to_have_text("RMU1844")
    picture = cv2.imdecode(np.frombuffer(exit_screen.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.min(axis=2).max() < 230
    assert picture.mean() < 80


def test_whoever_wants_no_motion_sees_none(kiosk: KioskAtWork, exit_screen: Page) -> None:
    kiosk.shows(OUT, Phase.READING, "Reading your plate", Button.HELP)
    expect(exit_screen.locator("#line")).to_have_text("Reading your plate")
    moves = "getComputedStyle(document.querySelector('#said .sign')).animationName"
    assert exit_screen.evaluate(moves) == "breathe"
    exit_screen.emulate_media(reduced_motion="reduce")
    assert exit_screen.evaluate(moves) == "none"


def test_what_the_lane_says_is_said_to_those_who_listen(exit_screen: Page) -> None:
    said = exit_screen.locator("#said")
    expect(said).to_have_attribute("role", "status")
    expect(said).to_have_attribute("aria-live", "assertive")


def test_the_picture_of_the_docs(kiosk: KioskAtWork, exit_screen: Page, tmp_path: Path) -> None:
    """Kept when PARKGATE_PICTURES says where."""
    asks = (Button.CONFIRM, Button.DENY, Button.HELP)
    kiosk.shows(OUT, Phase.READING, "Is this your plate? RMU1844", *asks, plate="RMU1844")
    expect(exit_screen.get_by_role("button", name="Yes")).to_be_enabled()
    album = Path(os.environ.get("PARKGATE_PICTURES") or tmp_path)
    album.mkdir(parents=True, exist_ok=True)
    exit_screen.screenshot(path=album / "kiosk.png")


def _leaves(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1"


def _matters(kind: str, text: str) -> bool:
    # The browser writes a line for each answer that is an error or doesn't come, also where a test asks for that.
    return kind in ("error", "warning") and "Failed to load resource" not in text
