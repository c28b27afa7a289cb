"""The page of what was read wrongly, in a real browser, and a picture of it where PARKGATE_PICTURES says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect

from edge.vision.files.accuracy.comparing import compared, totals
from edge.vision.files.accuracy.errors import write_errors
from edge.vision.files.accuracy.truth import TruePlate
from edge.vision.files.found import FoundPlate
from edge.vision.files.keeping import Folder
from edge.vision.files.work import Done
from models.plates import Plate, RunnerUp
from tests.vision.vehicles import a_car, a_picture, plate_box

SIZES = ((1280, 900, "screen"), (400, 860, "phone"))


def a_photograph(folder: Path, number: int, read: Sequence[str], sure: float = 0.99, empty: bool = False) -> Done:
    """One car's photograph and what was read in it, each text at the car's plate."""
    path = folder / f"lane-{number:02}.png"
    cv2.imwrite(str(path), a_picture(number))
    true = () if empty else (TruePlate(Plate(a_car(number).text)),)
    plates = tuple(
        FoundPlate(
            text, sure, plate_box(), (0.99,) * (len(text) - 1) + (sure,), (RunnerUp(Plate(text[:-1] + "8"), 0.2),)
        )
        for text in read
    )
    return Done(path, plates, 24 + number, compared(true, plates, photograph=True))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with an error of each kind."""
    folder = tmp_path_factory.mktemp("read")
    texts = [a_car(number).text for number in range(12)]
    fine = [a_photograph(folder, number, [texts[number]]) for number in range(6)]
    off = [
        a_photograph(folder, 6, [texts[6][:-1] + ("3" if texts[6][-1] != "3" else "8")], sure=0.63),
        a_photograph(folder, 7, [texts[7][0] + texts[7][2:]], sure=0.81),
        a_photograph(folder, 8, []),
        a_photograph(folder, 9, ["C00D"], sure=0.71, empty=True),
        a_photograph(folder, 10, [texts[10], "TAXI24"]),
    ]
    files = [*fine, *off]
    summed = totals([done.answers for done in files if done.answers is not None])
    return write_errors(folder / "truth.csv", "fast-alpr", files, summed, Folder(folder / "page"))


@pytest.fixture
def shown(chromium: Browser, report: Path) -> Iterator[Page]:
    """The page from the disk; it may ask for nothing from elsewhere."""
    page = chromium.new_page()
    strangers: list[str] = []
    page.on("request", lambda asked: strangers.append(asked.url) if not asked.url.startswith("file:") else None)
    page.goto(report.as_uri())
    yield page
    page.close()
    assert strangers == []


def test_the_errors_are_shown_as_pictures_with_truth_above_what_was_read(shown: Page, tmp_path: Path) -> None:
    expect(shown.locator(".cards li")).to_have_count(5)
    wrong = shown.locator(".cards").first.locator("li").first
    assert wrong.locator("mark").count() == 2, "the place that differs, in truth and in what was read"
    pictures = "[...document.images].every((each) => each.complete && each.naturalWidth > 0)"
    assert shown.evaluate(pictures)
    assert shown.evaluate("[...document.images].every((each) => each.alt)")
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.textContent") == "To the errors"


def test_it_fits_large_and_small_screens_light_and_dark(shown: Page, tmp_path: Path) -> None:
    album = Path(os.environ.get("PARKGATE_PICTURES") or tmp_path)
    for scheme in ("light", "dark"):
        shown.emulate_media(color_scheme=scheme)
        for width, height, name in SIZES:
            shown.set_viewport_size({"width": width, "height": height})
            assert not shown.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            shown.screenshot(path=album / f"read-{name}-{scheme}.png", full_page=True)
    shown.emulate_media(color_scheme="light")
    shown.set_viewport_size({"width": 1280, "height": 1010})
    shown.screenshot(path=album / "read-errors.png")
