"""Any file that people write can be read into plain models, and each problem stands at its place in it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Discriminator, Field, Tag, ValidationError

from models.documents.document import read_document
from models.documents.explain import Said, Wrong, problems_of
from models.documents.problems import ConfigurationError, in_order
from models.documents.section import Section
from models.documents.text import text_of
from models.documents.written import Amount, ZoneName


class Day(StrEnum):
    MONDAY = "monday"
    SUNDAY = "sunday"


class Band(Section):
    up_to: Annotated[int, Field(ge=1, le=24)]
    price: Amount


class Flat(Section):
    kind: Literal["flat"]
    price: Amount


class Stepped(Section):
    kind: Literal["stepped", "steps"]
    bands: Annotated[tuple[Band, ...], Field(min_length=1)]
    days: tuple[Day, ...] = ()


class Window(Section):
    begins: str = Field(alias="from")
    until: str


Rate = Annotated[Flat | Stepped, Field(discriminator="kind")]


def _shelf(written: Any) -> str:
    return "short" if isinstance(written, dict) and "price" in written else "long"


class Board(Section):
    title: str
    zone: ZoneName = "Europe/Berlin"
    rate: Rate | None = None
    rates: tuple[Rate, ...] = ()
    hour: Amount | tuple[Band, ...] | Window | None = None
    windows: dict[str, Window] = Field(default_factory=dict)
    closed: dict[Annotated[str, Field(pattern="^[a-z]+$")], bool] = Field(default_factory=dict)
    mixed: Rate | Amount | None = None
    pair: tuple[Band, Window] | None = None
    by_shape: (
        Annotated[Annotated[Flat, Tag("short")] | Annotated[Stepped, Tag("long")], Discriminator(_shelf)] | None
    ) = None


def told(text: str, **more: Any) -> list[str]:
    """`line:column path: what is wrong`, in the order of the file."""
    document = read_document(f"title: Board\n{text}", "board.yaml")
    assert not document.problems
    try:
        Board.model_validate(document.data)
    except ValidationError as error:
        problems = problems_of(document, Board, error.errors(include_url=False), **more)
        return [f"{one.line}:{one.column} {one.path}: {one.message}" for one in in_order(problems)]
    return []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("titel: x", '2:1 titel: unknown key; did you mean "title"?'),
        ("zone: Berlin", '2:7 zone: a time zone of the IANA list is expected; did you mean "Europe/Berlin"?'),
        ("windows: {}\nwindow: {}", '3:1 window: unknown key; did you mean "windows"?'),
        # A union that a key decides.
        ("rate: {kind: flat}", '2:1 rate.price: the key "price" is missing here'),
        ("rate: {kind: flat, prise: 2}", '2:20 rate.prise: unknown key; did you mean "price"?'),
        (
            "rate: {kind: flt, price: 2}",
            '2:14 rate.kind: one of flat, stepped, steps is expected; did you mean "flat"?',
        ),
        ("rate: {kind: , price: 2}", "2:8 rate.kind: this key has no value"),
        ("rate: {price: 2}", '2:1 rate: the key "kind" is missing here, such as kind: flat'),
        ("rate: {bands: []}", '2:1 rate: the key "kind" is missing here, such as kind: stepped'),
        ("rate: 2.50", "2:1 rate: a section with keys of its own is expected"),
        (
            "rates: [{kind: steps, bands: [{up_to: 30, price: 1}]}]",
            "2:39 rates[0].bands[0].up_to: at most 24 is expected",
        ),
        ("rates: [{kind: steps, bands: []}]", "2:30 rates[0].bands: this list can't be empty"),
        (
            "rates:\n  - kind: stepped\n    bands: [{up_to: 1, price: 1}]\n    days: [sundy]",
            '5:12 rates[0].days[0]: one of monday, sunday is expected; did you mean "sunday"?',
        ),
        # A union that only its shape decides: what was meant is told, not what else it could have been.
        (
            "hour: dear",
            "2:7 hour: an amount of money is expected, such as 2.50",
        ),
        ("hour: [{up_to: 1, prize: 2}]", '2:19 hour[0].prize: unknown key; did you mean "price"?'),
        ("hour: {from: 08:00, untl: 09:00}", '2:21 hour.untl: unknown key; did you mean "until"?'),
        ("mixed: {kind: flat}", '2:1 mixed.price: the key "price" is missing here'),
        ("mixed: {kind: flaat}", '2:15 mixed.kind: one of flat, stepped, steps is expected; did you mean "flat"?'),
        ("mixed: dear", "2:8 mixed: an amount of money is expected, such as 2.50"),
        (
            "mixed: []",
            "2:8 mixed: a section with keys of its own is expected; or an amount of money is expected, such as 2.50",
        ),
        # Keys that are the writer's own.
        ("windows: {day: {from: 08:00}}", '2:11 windows.day.until: the key "until" is missing here'),
        ("windows: {day: {fro: 1, until: x}}", '2:17 windows.day.fro: unknown key; did you mean "from"?'),
        ("windows: {day: 3}", "2:16 windows.day: a section with keys of its own is expected"),
        ("closed: {Noon: true}", "2:10 closed.Noon: text of the form ^[a-z]+$ is expected"),
        ("closed: {noon: 3}", "2:16 closed.noon: true or false is expected"),
        # Lists of which each item is another thing, and a union that a function decides.
        ("pair: [{up_to: 1, price: 1}, {until: x}]", '2:30 pair[1].from: the key "from" is missing here'),
        ("by_shape: {price: 2, kind: flat, x: 1}", "2:34 by_shape.x: unknown key"),
        ("by_shape: {kind: steps, band: 2}", '2:25 by_shape.band: unknown key; did you mean "bands"?'),
        ("title_: 2", '2:1 title_: unknown key; did you mean "title"?'),
    ],
)
def test_a_problem_stands_at_its_place(text: str, problem: str):
    assert told(text) == [problem]


def test_a_right_file_has_no_problems():
    assert told("hour: [{up_to: 1, price: 2}]\nwindows: {day: {from: 08:00, until: 09:00}}\nmixed: 2.50\nrate:") == []


def test_who_knows_more_of_a_file_has_the_first_word():
    def in_cents(wrong: Wrong) -> Said | None:
        return Said("no cents, please", "2.00") if wrong.path[-1] == "price" else None

    text = "rate: {kind: flat, price: x}\nhour: y"
    assert told(text, explained={"value_error": in_cents}) == [
        '2:27 rate.price: no cents, please; did you mean "2.00"?',
        "3:7 hour: an amount of money is expected, such as 2.50",
    ]


def test_the_bytes_of_a_file_are_read_with_or_without_a_byte_order_mark():
    assert (
        text_of(b"\xef\xbb\xbftitle: \xc3\xa9", "board.yaml") == text_of(b"title: \xc3\xa9", "board.yaml") == "title: é"
    )


def test_a_byte_that_is_no_text_is_shown_where_it_stands():
    with pytest.raises(ConfigurationError) as wrong:
        text_of(b"title: x\nzone: \xe9\n", "board.yaml")
    (problem,) = wrong.value.problems
    assert (problem.place, problem.source) == ("board.yaml:2:7", "zone: é")
