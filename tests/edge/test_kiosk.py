"""The kiosk without a browser: who may talk to it, what reaches the lane, and what the lane says in every language."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import stat
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.clock import SystemClock
from edge.kiosk import listener, presses, routes
from edge.kiosk.contract import Screen
from edge.kiosk.passes import UnknownHost, link, token
from edge.kiosk.screen import shown
from edge.kiosk.secret import secret_in
from edge.kiosk.server import Kiosk
from edge.kiosk.settings import KioskSettings
from edge.lane.signals import Button, Phase
from models.codes import ticket_code
from models.ids import LaneName
from models.instants import SECOND, Monotonic
from models.phrases.language import language, spoken
from models.plates import Plate
from models.spots import VehicleType
from models.tickets import Direction
from simulator.servers import free_port
from tests.edge.screens import IN, OUT, Heard, LaneWithScreen, an_entry, an_exit

HOUSE = Path(__file__).resolve().parents[2]
PAGE = HOUSE / "edge/kiosk/page"
CODE = ticket_code(123_456_789)
PLATE = Plate("RMU1844")


class Hurried(SystemClock):
    """Doesn't wait for long."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.05))


class Lot:
    """A kiosk with an entry and an exit, and a screen that talks to it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = KioskSettings(port=free_port(), **settings)
        self.secret_file = folder / "kiosk.secret"
        self.entry, self.exit, self.faults = an_entry(), an_exit(), Heard()
        self.kiosk = self.another_kiosk()

    def another_kiosk(self) -> Kiosk:
        lanes: dict[LaneName, LaneWithScreen] = {IN: self.entry, OUT: self.exit}
        return Kiosk(self.settings, lanes, self.secret_file, Hurried(), self.faults)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    def screen(self, **headers: str) -> httpx.AsyncClient:
        """A browser, before it has said which screen it is. Headers replace what a browser says by itself."""
        return httpx.AsyncClient(base_url=self.address, headers={"Origin": self.address, **headers})

    @asynccontextmanager
    async def open_screen(self, lane: LaneName = OUT) -> AsyncIterator[httpx.AsyncClient]:
        async with self.screen() as screen:
            introduced = await screen.post(f"/{lane}/session", json={"token": token(self.secret(), lane)})
            assert introduced.status_code == 204
            yield screen

    def secret(self) -> bytes:
        return secret_in(self.secret_file)

    async def answers(self) -> None:
        async with self.screen() as screen:
            for _ in range(400):
                try:
                    await screen.get(f"/{IN}")
                except httpx.TransportError:
                    await asyncio.sleep(0.01)
                else:
                    return
        pytest.fail("the kiosk isn't served")


@asynccontextmanager
async def a_lot(folder: Path, **settings: Any) -> AsyncIterator[Lot]:
    lot = Lot(folder, **settings)
    await lot.kiosk.start()
    await lot.answers()
    yield lot
    await lot.kiosk.stop()


@pytest.fixture
async def lot(tmp_path: Path) -> AsyncIterator[Lot]:
    """Screens at this very machine."""
    async with a_lot(tmp_path) as lot:
        yield lot


@pytest.fixture
async def wired_lot(tmp_path: Path) -> AsyncIterator[Lot]:
    """Screens in cabinets of their own."""
    async with a_lot(tmp_path, listen="0.0.0.0") as lot:
        yield lot


async def told(screen: httpx.AsyncClient, lane: LaneName = OUT) -> AsyncIterator[tuple[str, Any]]:
    """The events of a lane, by name."""
    async with screen.stream("GET", f"/{lane}/events") as stream:
        assert stream.status_code == 200
        name = ""
        async for line in stream.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


async def screens_told(screen: httpx.AsyncClient, lane: LaneName = OUT) -> AsyncIterator[Any]:
    async for name, said in told(screen, lane):
        if name == "screen":
            yield said


# --- words ---


def test_all_languages_have_the_same_words() -> None:
    for code in spoken():
        assert language(code).page.keys() == language("en").page.keys(), code


def test_a_screen_offers_the_lot_s_languages_first() -> None:
    assert KioskSettings().at(("nl", "en")).choice == ("nl", "en", "de", "fr", "es", "pl")
    assert KioskSettings(languages=("fr",)).at(("nl", "en")).choice == ("fr",)


def test_a_line_that_nobody_has_translated_is_shown_in_english() -> None:
    screen = Screen(IN, Direction.ENTRY, Phase.REFUSED, "Mind the goose")
    seen = shown(screen, [language("en"), language("de")])
    assert (seen["english"], seen["line"]) == ("Mind the goose", {"en": "Mind the goose"})


# --- what the page shows ---


def test_an_idle_lane_greets_by_its_direction() -> None:
    entry = shown(Screen(IN, Direction.ENTRY, Phase.IDLE), [language("de")])
    exit = shown(Screen(OUT, Direction.EXIT, Phase.IDLE), [language("de")])
    assert entry["line"]["de"] == "Willkommen, bitte vorfahren"
    assert exit["line"]["de"] == "Ausfahrt, bitte vorfahren"


def test_help_is_always_there_and_last() -> None:
    for phase in Phase:
        for asks in ((), tuple(Button)):
            screen = Screen(OUT, Direction.EXIT, phase, asks=asks, plate=Plate("AB123"), choose_type=True)
            assert shown(screen, [])["buttons"][-1] == "help"


def test_a_question_about_a_plate_shows_the_plate_once_and_large() -> None:
    asks = (Button.CONFIRM, Button.DENY, Button.HELP)
    screen = Screen(OUT, Direction.EXIT, Phase.READING, "Is this your plate? AB123", asks, Plate("AB123"))
    seen = shown(screen, [language("fr")])
    assert (seen["line"]["fr"], seen["plate"], seen["tone"]) == ("Est-ce votre plaque ?", "AB123", "ask")
    assert seen["buttons"] == ["confirm", "deny", "code", "help"]


def test_who_has_called_is_told_what_is_true_in_every_language() -> None:
    screen = Screen(OUT, Direction.EXIT, Phase.READING, help_line="Please call +49 40 123456")
    called = shown(screen, [language("de"), language("tr")])["called"]
    assert called == {
        "en": "Please call +49 40 123456",
        "de": "Bitte +49 40 123456 anrufen",
        "tr": "Lütfen arayın: +49 40 123456",
    }


def test_a_lane_that_is_kept_open_sends_drivers_on_and_a_closed_one_stops_them() -> None:
    tones = [
        shown(Screen(OUT, Direction.EXIT, Phase.IDLE, line), [])["tone"]
        for line in ("Please drive on", "Fire alarm: leave now", "Lane closed", "")
    ]
    assert tones == ["go", "go", "stop", "calm"]


# --- settings, links, secrets ---


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"listen": "kiosk.local"}, "an address of this machine"),
        ({"languages": ["en", "tlh"]}, "one of en, de, .* is expected"),
        ({"languages": ["en", "en"]}, "each language is named once"),
        ({"help_number": "ring Bob"}, "pattern"),
    ],
)
def test_a_technician_is_told_what_is_expected(wrong: dict[str, Any], hint: str) -> None:
    with pytest.raises(ValidationError, match=hint):
        KioskSettings.model_validate(wrong)


def test_a_link_carries_a_token_where_a_browser_keeps_it_to_itself() -> None:
    secret = bytes(32)
    wired = KioskSettings(listen="192.168.1.10")
    assert link(wired, IN, secret) == f"http://192.168.1.10:8070/north-in#{token(secret, IN)}"
    assert link(KioskSettings(), IN, secret) == "http://127.0.0.1:8070/north-in"
    assert link(KioskSettings(listen="::", host="lot.example"), IN, secret).startswith("http://lot.example:8070/")
    with pytest.raises(UnknownHost, match=r"kiosk\.host"):
        link(KioskSettings(listen="0.0.0.0"), IN, secret)


def test_each_lane_and_each_secret_has_tokens_of_its_own() -> None:
    tokens = {token(secret, lane) for secret in (bytes(32), b"1" * 32) for lane in (IN, OUT)}
    assert len(tokens) == 4
    assert all(len(each) == 43 for each in tokens)


def test_the_secret_is_made_once_and_for_the_daemon_alone(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.secret"
    with ThreadPoolExecutor(8) as makers:
        made = set(makers.map(lambda _: secret_in(path), range(16)))
    assert len(made) == 1
    assert len(made.pop()) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    secret = secret_in(tmp_path / "kiosk.secret")
    (tmp_path / "kiosk.secret").chmod(0o644)
    assert secret_in(tmp_path / "kiosk.secret") == secret
    assert stat.S_IMODE((tmp_path / "kiosk.secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("written", [b"", b"c0ffee\n", b"\xff" * 64])
def test_a_cut_secret_is_not_used(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "kiosk.secret").write_bytes(written)
    with pytest.raises(OSError, match="holds no secret"):
        secret_in(tmp_path / "kiosk.secret")


# --- presses ---


@given(st.lists(st.integers(0, 90 * SECOND), max_size=200))
def test_whatever_is_pressed_only_so_much_passes_in_any_second_and_minute(moments: list[int]) -> None:
    counted = presses.Presses()
    passed = [at for at in sorted(moments) if counted.allowed(Monotonic(at))]
    for at in passed:
        assert sum(1 for other in passed if at <= other < at + SECOND) <= presses.A_SECOND
        assert sum(1 for other in passed if at <= other < at + 60 * SECOND) <= presses.A_MINUTE


async def test_a_stuck_button_does_not_flood_the_lane_and_help_comes_through(lot: Lot) -> None:
    lot.exit.shows(Phase.REFUSED, "Please press the intercom", Button.LOST_TICKET)
    async with lot.open_screen() as screen:
        answers = [(await screen.post(f"/{OUT}/press", json={"button": "lost_ticket"})).status_code for _ in range(30)]
        help = [(await screen.post(f"/{OUT}/press", json={"button": "help"})).status_code for _ in range(5)]
    assert answers[:5] == [204] * 5
    assert answers.count(429) >= 20
    assert help == [204] * 5
    assert lot.exit.passed_on.count(Button.LOST_TICKET) == answers.count(204)
    assert lot.exit.passed_on.count(Button.HELP) == 1


async def test_a_press_reaches_its_own_lane(lot: Lot) -> None:
    lot.entry.shows(Phase.READING, "Press for a ticket", Button.TICKET, Button.HELP, choose_type=True)
    async with lot.open_screen(IN) as screen:
        await screen.post(f"/{IN}/type", json={"vehicle_type": "LARGE"})
        answer = await screen.post(f"/{IN}/press", json={"button": "ticket"})
    assert answer.status_code == 204
    assert lot.entry.passed_on == [VehicleType.LARGE, Button.TICKET]
    assert lot.exit.passed_on == []


async def test_what_the_lane_does_not_ask_for_is_not_passed_on(lot: Lot) -> None:
    async with lot.open_screen() as screen:
        answers = [
            await screen.post(f"/{OUT}/press", json={"button": "ticket"}),
            await screen.post(f"/{OUT}/type", json={"vehicle_type": "LARGE"}),
            await screen.post(f"/{OUT}/code", json={"text": CODE}),
        ]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert lot.exit.passed_on == []


async def test_a_yes_is_about_the_plate_that_the_driver_saw(lot: Lot) -> None:
    async with lot.open_screen() as screen:
        lot.exit.shows(Phase.READING, "Is this your plate? AB124", Button.CONFIRM, Button.DENY, plate="AB124")
        late = await screen.post(f"/{OUT}/press", json={"button": "confirm", "plate": "AB123"})
        blind = await screen.post(f"/{OUT}/press", json={"button": "confirm"})
        right = await screen.post(f"/{OUT}/press", json={"button": "confirm", "plate": "AB124"})
    assert [answer.status_code for answer in (late, blind, right)] == [409, 409, 204]
    assert lot.exit.passed_on == [Button.CONFIRM]


async def test_a_typed_code_is_checked_before_the_lane_hears_of_it(lot: Lot) -> None:
    lot.exit.shows(Phase.REFUSED, "Please press the intercom")
    wrong = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
    async with lot.open_screen() as screen:
        answers = [
            await screen.post(f"/{OUT}/code", json={"text": text})
            for text in (wrong, "rubbish", CODE.replace("-", "").lower())
        ]
    assert [answer.status_code for answer in answers] == [422, 422, 204]
    assert lot.exit.passed_on == [CODE]


# --- who may ---


async def test_a_screen_elsewhere_needs_its_own_link(wired_lot: Lot) -> None:
    secret = wired_lot.secret()
    async with wired_lot.screen() as stranger:
        for given in (None, "", "guessed", token(secret, IN), token(bytes(32), OUT)):
            refused = await stranger.post(f"/{OUT}/session", json={"token": given})
            assert (refused.status_code, refused.headers.get("set-cookie")) == (401, None)
        let_in = await stranger.post(f"/{OUT}/session", json={"token": token(secret, OUT)})
    cookie = let_in.headers["set-cookie"].lower()
    assert let_in.status_code == 204
    assert all(part in cookie for part in ("httponly", "samesite=strict", f"path=/{OUT}"))
    assert token(secret, OUT) not in let_in.headers["set-cookie"]


async def test_without_a_session_nothing_is_told_and_nothing_is_taken(wired_lot: Lot) -> None:
    wired_lot.exit.shows(Phase.REFUSED, "Please press the intercom", Button.LOST_TICKET, plate="AB123")
    async with wired_lot.screen() as stranger:
        events = await stranger.get(f"/{OUT}/events")
        press = await stranger.post(f"/{OUT}/press", json={"button": "help"})
        page = await stranger.get(f"/{OUT}")
    assert (events.status_code, press.status_code, page.status_code) == (401, 401, 200)
    assert "AB123" not in events.text + page.text
    assert wired_lot.exit.passed_on == []


async def test_one_lane_s_session_is_void_at_another(wired_lot: Lot) -> None:
    async with wired_lot.open_screen(IN) as screen:
        cookie = screen.cookies[routes.COOKIE]
    async with wired_lot.screen(Cookie=f"{routes.COOKIE}={cookie}") as screen:
        assert (await screen.post(f"/{IN}/session", json={})).status_code == 204
        assert (await screen.post(f"/{OUT}/session", json={})).status_code == 401


async def test_a_screen_at_this_machine_needs_no_link_but_not_through_a_proxy(lot: Lot) -> None:
    async with lot.screen() as screen:
        assert (await screen.post(f"/{OUT}/session", json={})).status_code == 204
    async with lot.screen(**{"X-Forwarded-For": "10.0.0.7"}) as screen:
        assert (await screen.post(f"/{OUT}/session", json={})).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", ""])
async def test_another_site_s_page_presses_nothing(lot: Lot, origin: str) -> None:
    async with lot.open_screen() as screen:
        answer = await screen.post(f"/{OUT}/press", json={"button": "help"}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert lot.exit.passed_on == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "192.168.1.10:{port}", "[::1"])
async def test_a_name_that_was_turned_to_this_machine_gets_no_answer(lot: Lot, host: str) -> None:
    named = host.format(port=lot.settings.port)
    async with lot.screen(Host=named, Origin=f"http://{named}") as screen:
        assert (await screen.get(f"/{OUT}")).status_code == 403
        assert (await screen.post(f"/{OUT}/session", json={})).status_code == 403


async def test_big_slow_or_strange_bodies_are_refused(lot: Lot) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 512

    json_type = {"Content-Type": "application/json"}
    async with lot.open_screen() as screen:
        at = f"/{OUT}/press"
        answers = [
            await screen.post(at, content=b" " * 2000, headers=json_type),
            await screen.post(at, content=endless(), headers=json_type),
            await screen.post(at, data={"button": "help"}),
            await screen.post(at, content=b"{", headers=json_type),
            await screen.post(at, json={"button": "open"}),
            await screen.post(at, json={"button": "help", "lane": "north-in"}),
        ]
    assert [answer.status_code for answer in answers] == [413, 413, 415, 400, 400, 400]
    assert lot.exit.passed_on == []


async def test_a_lane_or_file_that_is_not_there_is_not_found(lot: Lot) -> None:
    async with lot.open_screen() as screen:
        paths = ("/nowhere", "/nowhere/events", "/_page/..%2fserver.py", "/_page/kiosk.html", "/")
        assert [(await screen.get(path)).status_code for path in paths] == [404] * len(paths)


async def test_the_page_runs_only_what_comes_from_here(lot: Lot) -> None:
    async with lot.screen() as screen:
        page = await screen.get(f"/{IN}")
        script = await screen.get("/_page/kiosk.js")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert script.headers["content-type"].startswith("text/javascript")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text)
    for file in PAGE.iterdir():
        addresses = re.findall(r"https?://[^\"'\s)]+", file.read_text())
        assert [each for each in addresses if not each.startswith("http://www.w3.org/")] == [], file.name


# --- what a screen is told ---


async def test_a_change_is_told_within_a_tenth_of_a_second(lot: Lot) -> None:
    async with lot.open_screen() as screen:
        heard = screens_told(screen)
        await anext(heard)
        took = []
        for spot in range(20):
            began = time.monotonic()
            lot.exit.shows(Phase.VENDED, f"Welcome, spot {spot}")
            assert (await anext(heard))["line"]["de"] == f"Willkommen, Platz {spot}"
            took.append(time.monotonic() - began)
    assert median(took) < 0.1, f"a change took {max(took):.3f} s at worst"


async def test_a_busy_screen_gets_the_newest_and_not_all_that_was(lot: Lot) -> None:
    async with lot.open_screen() as screen:
        heard = screens_told(screen)
        await anext(heard)
        for spot in range(1000):
            lot.exit.shows(Phase.VENDED, f"Welcome, spot {spot}")
        seen = 1
        while (await anext(heard))["english"] != "Welcome, spot 999":
            seen += 1
    assert seen < 20


async def test_a_silent_lane_gives_signs_of_life(lot: Lot) -> None:
    async with lot.open_screen() as screen:
        heard = told(screen)
        names = [(await anext(heard))[0] for _ in range(4)]
    assert names == ["setup", "screen", "alive", "alive"]


async def test_the_languages_are_those_of_the_lot_in_their_order(tmp_path: Path) -> None:
    async with a_lot(tmp_path, languages=("fr", "de")) as lot, lot.open_screen() as screen:
        heard = told(screen)
        _, setup = await anext(heard)
        _, now = await anext(heard)
    assert [each["name"] for each in setup["languages"]] == ["Français", "Deutsch"]
    assert list(now["line"]) == ["fr", "de"]


# --- start and stop ---


async def test_a_session_outlives_the_daemon(wired_lot: Lot) -> None:
    async with wired_lot.open_screen() as screen:
        await wired_lot.kiosk.stop()
        wired_lot.kiosk = wired_lot.another_kiosk()
        await wired_lot.kiosk.start()
        await wired_lot.answers()
        assert (await screen.post(f"/{OUT}/session", json={})).status_code == 204
        assert (await anext(told(screen)))[0] == "setup"


async def test_open_pages_do_not_hold_up_the_stop(lot: Lot) -> None:
    async with lot.open_screen() as screen:
        heard = screens_told(screen)
        await anext(heard)
        began = time.monotonic()
        await lot.kiosk.stop()
        took = time.monotonic() - began
        with pytest.raises((StopAsyncIteration, httpx.TransportError)):
            await anext(heard)
    await lot.kiosk.stop()
    assert took < 2


async def test_a_port_that_is_taken_is_a_fault_until_it_is_free(tmp_path: Path) -> None:
    lot = Lot(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", lot.settings.port))
        taken.listen()
        await lot.kiosk.start()
        for _ in range(200):
            if lot.faults.open:
                break
            await asyncio.sleep(0.01)
        assert list(lot.faults.open) == ["kiosk.not_served"]
    await lot.answers()
    assert lot.faults.open == {}
    await lot.kiosk.stop()


async def test_a_secret_that_cannot_be_read_is_a_fault_until_it_can(tmp_path: Path) -> None:
    lot = Lot(tmp_path)
    lot.secret_file.write_text("cut")
    await lot.kiosk.start()
    for _ in range(200):
        if lot.faults.open:
            break
        await asyncio.sleep(0.01)
    assert list(lot.faults.open) == ["kiosk.no_secret"]
    lot.secret_file.unlink()
    await lot.answers()
    assert lot.faults.open == {}
    await lot.kiosk.stop()


async def test_signals_stay_the_daemon_s(tmp_path: Path) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    async with a_lot(tmp_path):
        assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before


async def test_a_crowd_that_says_nothing_keeps_no_screen_out_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough that a busy machine opens the whole crowd before the first of it is sent away.
    monkeypatch.setattr(listener, "_FIRST_WORD_SECONDS", 2.5)
    async with a_lot(tmp_path) as lot:
        files = len(list(Path("/proc/self/fd").iterdir()))
        crowd = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", lot.settings.port) for _ in range(150)))
        await asyncio.sleep(0.1)
        taken = len(list(Path("/proc/self/fd").iterdir())) - files
        async with lot.screen() as screen:
            with pytest.raises(httpx.TransportError):
                await screen.get(f"/{IN}")
        await lot.answers()
        for _, writer in crowd:
            writer.close()
    # The far ends are this process's as well.
    assert taken <= len(crowd) + listener.MOST_CONNECTIONS + 2
