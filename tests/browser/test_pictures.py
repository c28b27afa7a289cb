"""The page as it looks on a working day, kept as pictures when PARKGATE_PICTURES says where."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.busy import an_afternoon
from tests.browser.garages import Operator


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("PARKGATE_PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_a_working_day_fits_the_screen_and_the_tablet(
    page: Page, operator: Operator, sign_in: Callable[[str], Page], album: Path
) -> None:
    lots = an_afternoon(operator, random.Random(7))
    sign_in(operator.key("read", "plates"))
    expect(page.locator(".pg-card")).to_have_count(len(lots))
    assert page.locator(".pg-card h2").first.inner_text() == "Market Square"
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        for width, height, name in ((1440, 800, "screen"), (820, 1180, "tablet"), (400, 860, "phone")):
            page.set_viewport_size({"width": width, "height": height})
            assert not _scrolls_sideways(page), f"{name} scrolls sideways"
            page.screenshot(path=album / f"overview-{name}-{scheme}.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="Market Square").click()
    expect(page.locator(".pg-spots .pg-spot")).to_have_count(len(lots[0].spots))
    expect(page.locator(".pg-chart canvas")).to_be_visible()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        for width, height, name in ((1440, 900, "screen"), (820, 1180, "tablet")):
            page.set_viewport_size({"width": width, "height": height})
            assert not _scrolls_sideways(page), f"{name} scrolls sideways"
            page.screenshot(path=album / f"lot-{name}-{scheme}.png", full_page=True)


def _scrolls_sideways(page: Page) -> bool:
    """Neither the whole page nor a lane's row may be wider than its place."""
    return page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('.pg-lanes li')]"
        ".some((each) => each.scrollWidth > each.clientWidth)"
    )
