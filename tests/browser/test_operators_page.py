"""What an operator sees, in a real browser, of what happens at the lots."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import SILENT_AFTER
from tests.browser.garages import AIRPORT, Operator

SignIn = Callable[[str], Page]


def the_card(page: Page, lot: str) -> Locator:
    return page.locator(".pg-card", has=page.get_by_role("heading", name=lot, exact=True))


def the_lane(card: Locator, lane: str) -> Locator:
    return card.get_by_role("list", name="Lanes").get_by_role("listitem").filter(has_text=lane)


def test_a_vehicle_that_enters_appears_without_a_reload(page: Page, operator: Operator, sign_in: SignIn) -> None:
    garage = operator.enrols("North").opens().reports()
    sign_in(operator.key("read", "plates"))
    card = the_card(page, "North")
    expect(card.locator(".pg-free")).to_have_text("21 free of 21")
    page.evaluate("window.untouched = true")

    garage.minutes_ago(0).lets_in("AB12CDE", garage.spots[4])
    garage.reports()

    lane = the_lane(card, "north-in")
    expect(lane.locator(".pg-plate")).to_have_text("AB12CDE")
    expect(lane.locator(".pg-said")).to_contain_text("Entered")
    expect(lane.locator(".pg-said")).to_contain_text("to 105")
    expect(card.locator(".pg-free")).to_have_text("20 free of 21")
    expect(page.locator(".pg-figure", has_text="Vehicles inside").locator("b")).to_have_text("1")
    assert page.evaluate("window.untouched") is True


def test_a_vehicle_that_leaves_gives_its_spot_back_and_its_money_counts(
    page: Page, operator: Operator, sign_in: SignIn
) -> None:
    garage = operator.enrols("North").opens()
    ticket = garage.minutes_ago(1).lets_in("AB12CDE", garage.spots[4])
    garage.reports()
    sign_in(operator.key("read", "plates"))
    card = the_card(page, "North")
    expect(card.locator(".pg-free")).to_have_text("20 free of 21")

    garage.minutes_ago(0).lets_out(ticket)
    garage.reports()

    expect(card.locator(".pg-free")).to_have_text("21 free of 21")
    expect(the_lane(card, "north-out").locator(".pg-said")).to_contain_text("Left")
    expect(card.locator(".pg-foot")).to_contain_text("2.50 EUR")
    expect(page.locator(".pg-figure", has_text="Taken today")).to_contain_text("2.50")


def test_a_refusal_says_why(page: Page, operator: Operator, sign_in: SignIn) -> None:
    operator.enrols("North").opens().turns_away("AB12CDE").reports()
    sign_in(operator.key("read", "plates"))
    lane = the_lane(the_card(page, "North"), "north-in")
    expect(lane.locator(".pg-said")).to_contain_text("Refused")
    expect(lane.locator(".pg-said")).to_contain_text("No spot that fits the vehicle is free")


def test_plates_are_masked_for_a_key_that_may_not_read_them(page: Page, operator: Operator, sign_in: SignIn) -> None:
    garage = operator.enrols("North").opens()
    garage.lets_in("AB12CDE", garage.spots[4])
    garage.reports()
    sign_in(operator.key("read"))
    expect(the_lane(the_card(page, "North"), "north-in").locator(".pg-plate")).to_have_text("AB•••••")
    assert "AB12CDE" not in page.content()
    page.get_by_role("link", name="North").click()
    expect(page.locator(".pg-table .pg-plate")).to_have_text("AB•••••")
    assert "AB12CDE" not in page.content()


def test_a_lot_whose_link_is_lost_is_shown_as_offline(page: Page, operator: Operator, sign_in: SignIn) -> None:
    garage = operator.enrols("North").opens().reports()
    sign_in(operator.key("read"))
    expect(the_card(page, "North").locator(".pg-link")).to_contain_text("Online")
    garage.loses_its_link()
    expect(the_card(page, "North").locator(".pg-link")).to_contain_text("Offline")
    garage.shows_itself()
    expect(the_card(page, "North").locator(".pg-link")).to_contain_text("Online")


def test_a_lot_that_goes_silent_is_shown_as_offline_though_nobody_says_so(
    page: Page, operator: Operator, sign_in: SignIn
) -> None:
    operator.enrols("North").opens().reports()
    page.clock.install()
    sign_in(operator.key("read"))
    expect(the_card(page, "North").locator(".pg-link")).to_contain_text("Online")
    page.clock.run_for((SILENT_AFTER + 1) * 1000)
    expect(the_card(page, "North").locator(".pg-link")).to_contain_text("Offline")
    expect(page.locator(".pg-figure", has_text="Lots online").locator("b")).to_have_text("0")


def test_an_alarm_comes_first(page: Page, operator: Operator, sign_in: SignIn) -> None:
    operator.enrols("Aaa").opens().reports()
    troubled = operator.enrols("Zzz").opens().reports()
    sign_in(operator.key("read"))
    expect(page.locator(".pg-card h2")).to_have_text(["Aaa", "Zzz"])
    troubled.raises("barrier.stuck", "north-in", "the arm didn't rise").reports()
    expect(page.locator(".pg-card h2")).to_have_text(["Zzz", "Aaa"])
    expect(the_card(page, "Zzz").get_by_role("list", name="Alarms")).to_contain_text("Barrier: stuck")
    expect(page.locator(".pg-figure", has_text="Alarms").locator("b")).to_have_text("1")


def test_a_backlog_is_shown_until_it_is_gone(page: Page, operator: Operator, sign_in: SignIn) -> None:
    garage = operator.enrols("North").opens().reports().shows_itself(backlog=37)
    sign_in(operator.key("read"))
    expect(the_card(page, "North")).to_contain_text("37 facts on their way")
    garage.shows_itself(backlog=0)
    expect(the_card(page, "North")).not_to_contain_text("on their way")


def test_a_lane_shows_what_it_is_doing(page: Page, operator: Operator, sign_in: SignIn) -> None:
    garage = operator.enrols("North").opens().reports()
    sign_in(operator.key("read"))
    lane = the_lane(the_card(page, "North"), "north-in")
    expect(lane).to_contain_text("Ready · arm down")
    garage.shows_itself(phase="passing", barrier="open")
    expect(lane).to_contain_text("Vehicle passing · arm up")


def test_the_first_lot_appears_by_itself(page: Page, operator: Operator, sign_in: SignIn) -> None:
    sign_in(operator.key("read"))
    expect(page.get_by_role("heading", name="No lots yet")).to_be_visible()
    operator.enrols("North").opens().reports()
    expect(the_card(page, "North").locator(".pg-free")).to_have_text("21 free of 21")


def test_many_lots_become_rows_and_are_found_by_name(page: Page, operator: Operator, sign_in: SignIn) -> None:
    for number in range(55):
        operator.enrols(f"Garage {number:02}")
    sign_in(operator.key("read"))
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Next").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.get_by_label("Search lots").fill("garage 07")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Search lots").fill("nowhere")
    expect(page.get_by_role("heading", name="Nothing to show")).to_be_visible()


def test_a_lot_has_its_own_page_and_that_is_live_too(page: Page, operator: Operator, sign_in: SignIn) -> None:
    garage = operator.enrols("North").opens(levels=2).reports()
    sign_in(operator.key("read", "plates"))
    page.get_by_role("link", name="North").click()
    spot = page.locator("[data-spot='105']")
    expect(spot).to_have_attribute("data-status", "free")
    page.evaluate("window.untouched = true")

    ticket = garage.minutes_ago(0).lets_in("AB12CDE", garage.spots[4])
    garage.reports()

    expect(spot).to_have_attribute("data-status", "taken")
    expect(page.locator(".pg-feed li").first).to_contain_text("Entered")
    row = page.locator(".pg-tall tbody tr")
    expect(row).to_contain_text("AB12CDE")
    expect(row).to_contain_text("2.50 EUR")

    garage.lets_out(ticket)
    garage.reports()
    expect(spot).to_have_attribute("data-status", "free")
    expect(page.locator(".pg-feed li").first).to_contain_text("Left")
    expect(row).to_contain_text("Nobody is inside.")
    assert page.evaluate("window.untouched") is True


def test_a_click_on_what_is_due_unfolds_the_bill(page: Page, operator: Operator, sign_in: SignIn) -> None:
    garage = operator.enrols("North").opens().minutes_ago(9 * 24 * 60)
    garage.lets_in("AB12CDE", garage.spots[7], tariff=AIRPORT)
    garage.minutes_ago(130).lets_in("XY99ZZZ", garage.spots[8])
    garage.minutes_ago(0).reports()
    sign_in(operator.key("read", "plates"))
    page.get_by_role("link", name="North").click()
    airport, hourly = (page.locator(".pg-tall tbody tr", has_text=plate) for plate in ("AB12CDE", "XY99ZZZ"))
    bill = page.locator(".pg-bill")
    expect(bill).to_have_count(0)

    due = airport.get_by_role("button")
    said = due.inner_text()
    due.click()
    expect(due).to_have_attribute("aria-expanded", "true")
    expect(bill).to_contain_text("Tariff Airport 2026-11")
    expect(bill.locator("[data-what='cap']", has_text="At most 149.00 for 7 d")).to_have_count(1)
    expect(bill.locator("tfoot")).to_contain_text(said)

    hourly.get_by_role("button").click()
    expect(bill).to_have_count(1)
    expect(bill.locator("tbody tr")).to_have_text(["3 x 1 h at 2.50 EUR7.50 EUR"])
    hourly.get_by_role("button").click()
    expect(bill).to_have_count(0)


def test_a_bill_that_is_unfolded_goes_with_its_ticket(page: Page, operator: Operator, sign_in: SignIn) -> None:
    garage = operator.enrols("North").opens().minutes_ago(90)
    ticket = garage.lets_in("AB12CDE", garage.spots[7], tariff=AIRPORT)
    garage.reports()
    sign_in(operator.key("read", "plates"))
    page.get_by_role("link", name="North").click()
    page.locator(".pg-due").click()
    expect(page.locator(".pg-bill")).to_have_count(1)
    garage.minutes_ago(0).lets_out(ticket, amount=1000)
    garage.reports()
    expect(page.get_by_text("Nobody is inside.")).to_be_visible()
    expect(page.locator(".pg-bill")).to_have_count(0)


def test_another_operators_lots_stay_theirs(page: Page, operator: Operator, sign_in: SignIn, console: str) -> None:
    other = Operator(operator.settings, f"{operator.name}, the competitor")
    theirs = other.enrols("Theirs").opens().reports()
    operator.enrols("Ours").opens().reports()
    sign_in(operator.key("read", "plates"))
    expect(page.locator(".pg-card h2")).to_have_text(["Ours"])
    theirs.raises("barrier.stuck", "north-in", "").reports()
    page.goto(f"/console/lots/{theirs.id}")
    expect(page.get_by_role("heading", name="There is no such lot")).to_be_visible()
    assert "Theirs" not in page.content()


def test_the_page_works_by_keyboard(page: Page, operator: Operator, sign_in: SignIn) -> None:
    operator.enrols("North").opens().reports()
    sign_in(operator.key("read"))
    page.get_by_role("button", name="Offline").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Every lot is online.")).to_be_visible()
    page.get_by_role("button", name="All").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="North").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="North")).to_be_visible()


def test_two_screens_show_the_same(chromium: Browser, console: str, operator: Operator) -> None:
    garage, key = operator.enrols("North").opens().reports(), operator.key("read")
    screens = [chromium.new_context(base_url=console).new_page() for _ in range(2)]
    for screen in screens:
        screen.goto("/console/sign-in")
        screen.get_by_label("API key").fill(key)
        screen.get_by_role("button", name="Sign in").click()
    garage.lets_in("AB12CDE", garage.spots[4])
    garage.reports()
    for screen in screens:
        expect(the_card(screen, "North").locator(".pg-free")).to_have_text("20 free of 21")
        screen.context.close()
