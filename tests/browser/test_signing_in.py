"""Who gets to see the operators' page, and who doesn't."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from cloud.console.attempts import ALLOWED, WITHIN, Attempts
from cloud.console.sessions import LINK_LIFETIME, Links, Sessions
from models.instants import HOUR, SECOND, Instant, Monotonic
from tests.browser.garages import Operator

SignIn = Callable[[str], Page]
NOON = Instant(1_795_000_000_000_000)


@pytest.mark.parametrize("path", ["/", "/console", "/console/", "/console/lots/0190d9f0-0000-7000-8000-000000000000"])
def test_an_operator_who_isnt_signed_in_sees_nothing(page: Page, operator: Operator, path: str) -> None:
    operator.enrols("Secret Garage").opens().reports()
    page.goto(path)
    expect(page.get_by_label("API key")).to_be_visible()
    assert page.url.endswith("/console/sign-in")
    assert "Secret Garage" not in page.content()


@pytest.mark.parametrize("path", ["/console/_nicegui_ws/socket.io/?EIO=4&transport=polling", "/console/sign-out"])
def test_no_socket_and_no_form_is_open_to_strangers(console: str, path: str) -> None:
    assert httpx.post(f"{console}{path}").status_code == 401


def test_another_sites_page_cant_use_the_operators_cookie(
    console: str, operator: Operator, sign_in: SignIn, window: BrowserContext
) -> None:
    sign_in(operator.key("read"))
    [cookie] = window.cookies()
    assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
    held = {cookie["name"]: cookie["value"]}  # pyright: ignore[reportTypedDictNotRequiredAccess]
    socket = f"{console}/console/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    assert httpx.get(socket, cookies=held).status_code == 200
    assert httpx.get(socket, cookies=held, headers={"Origin": "http://evil.example"}).status_code == 403


def test_a_key_that_isnt_known_is_refused(page: Page) -> None:
    page.goto("/console/sign-in")
    page.get_by_label("API key").fill("pk_00000000_nothing")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("isn't known")


def test_a_key_for_something_else_is_refused(page: Page, operator: Operator) -> None:
    page.goto("/console/sign-in")
    page.get_by_label("API key").fill(operator.key("metrics"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("may not read")


def test_a_link_signs_in_once(page: Page, operator: Operator, console: str, window: BrowserContext) -> None:
    operator.enrols("North").opens().reports()
    minted = httpx.post(f"{console}/console/links", headers={"Authorization": f"Bearer {operator.key('read')}"})
    assert minted.status_code == 201
    page.goto(minted.json()["path"])
    expect(page.get_by_role("heading", name="North")).to_be_visible()
    window.clear_cookies()
    page.goto(minted.json()["path"])
    expect(page.get_by_role("alert")).to_contain_text("used already")


def test_only_a_key_gets_a_link(console: str) -> None:
    assert httpx.post(f"{console}/console/links").status_code == 401


def test_whoever_signs_out_is_out_with_every_copy_of_the_cookie(
    page: Page, operator: Operator, sign_in: SignIn, window: BrowserContext
) -> None:
    sign_in(operator.key("read"))
    copies = window.cookies()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    window.add_cookies(copies)  # pyright: ignore[reportArgumentType]
    page.goto("/console/")
    expect(page.get_by_label("API key")).to_be_visible()


def test_an_open_page_goes_away_when_its_key_is_revoked(page: Page, operator: Operator, sign_in: SignIn) -> None:
    garage, key = operator.enrols("North").opens().reports(), operator.key("read")
    sign_in(key)
    expect(page.get_by_role("heading", name="North")).to_be_visible()
    operator.revokes(key)
    garage.shows_itself()
    expect(page.get_by_label("API key")).to_be_visible()


def test_a_session_ends_by_itself() -> None:
    sessions = Sessions("a secret of thirty-two characters", hours=12)
    begun, cookie = sessions.begin("key", NOON)
    assert sessions.read(cookie, Instant(NOON + 12 * HOUR - 1)) == begun
    assert sessions.read(cookie, Instant(NOON + 12 * HOUR)) is None


def test_a_cookie_of_another_secret_or_a_changed_one_is_no_cookie() -> None:
    ours, theirs = Sessions("a" * 32, hours=1), Sessions("b" * 32, hours=1)
    _, cookie = ours.begin("key", NOON)
    payload, mark = cookie.split(".")
    assert theirs.read(cookie, NOON) is None
    assert ours.read(f"{payload[:-1]}A.{mark}", NOON) is None
    assert ours.read("", NOON) is None
    assert ours.read("é.é", NOON) is None


def test_a_link_is_spent_by_its_use_and_by_time() -> None:
    links = Links()
    code = links.mint("key", NOON)
    assert links.redeem(code, NOON) == "key"
    assert links.redeem(code, NOON) is None
    late = links.mint("key", NOON)
    assert links.redeem(late, Instant(NOON + LINK_LIFETIME)) is None


def test_after_some_wrong_keys_one_waits() -> None:
    attempts, now = Attempts(), Monotonic(0)
    for _ in range(ALLOWED):
        assert attempts.wait("10.0.0.9", now) == 0
        attempts.failed("10.0.0.9", now)
    assert attempts.wait("10.0.0.9", now) == WITHIN // SECOND
    assert attempts.wait("10.0.0.8", now) == 0
    assert attempts.wait("10.0.0.9", Monotonic(WITHIN)) == 0
