"""The page that shows how well plates were read: totals on top, then each error as a picture. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from edge.vision.files.accuracy.comparing import NOTHING, Answer, Outcome, Step, Times, Totals, aligned, counted
from edge.vision.files.accuracy.style import STYLE
from edge.vision.files.keeping import PAGE_MARK
from edge.vision.files.percents import percent, percent_with_tenths
from models.plates import RunnerUp

_TITLES = {
    Outcome.WRONG: "Read wrongly",
    Outcome.MISSED: "Missed",
    Outcome.INVENTED: "Invented",
    Outcome.ALIKE: "Right but for O and 0",
}
_MEANINGS = {
    Outcome.WRONG: "The plate was found, and another text was read on it.",
    Outcome.MISSED: "The plate is there, and nothing was read that could be it.",
    Outcome.INVENTED: "A text was read that is no plate of this file.",
    Outcome.ALIKE: "Counted as read by whoever takes O and 0 for the same.",
}
_BESIDES = "Less prominent in its photograph than the plate of the list: another vehicle's, or none. Not judged. Look."


@dataclass(frozen=True, slots=True)
class Card:
    """One error, or what was read besides. `crop` and `whole` are files beside the page; `crop` is the plate alone,
    where it was found.
    """

    file: str
    answer: Answer
    whole: str | None
    crop: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One file in the list at the end."""

    file: str
    answers: Sequence[Answer]
    took: int


@dataclass(frozen=True, slots=True)
class Report:
    truth: str
    reader: str
    totals: Totals
    photographs: Times | None
    recordings: Times | None
    cards: Sequence[Card]
    rows: Sequence[Row]
    unread: Sequence[str]


def page(report: Report) -> str:
    """It needs nothing from anywhere else, runs no script, and prints."""
    return "".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            f'{PAGE_MARK}\n<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            f"<title>{report.totals.exact} of {counted(report.totals.plates, 'plate')} read</title>\n",
            f"<style>{STYLE}</style>\n</head>\n<body>\n",
            '<a class="skip" href="#errors">To the errors</a>\n',
            *_top(report),
            "<main>\n",
            *_errors([card for card in report.cards if card.answer.outcome in _TITLES]),
            *_besides([card for card in report.cards if card.answer.outcome is Outcome.BESIDES]),
            *_confused(report.totals),
            *_files(report.rows),
            "</main>\n</body>\n</html>\n",
        ]
    )


def _top(report: Report) -> Iterator[str]:
    totals = report.totals
    yield "<header>\n<h1>How well plates were read</h1>\n"
    yield f"<p>{counted(totals.files, 'file')} with {counted(totals.plates, 'plate')} of "
    yield f"<code>{escape(report.truth)}</code>, read by {escape(report.reader)}.</p>\n<dl>\n"
    yield _figure("exact", percent_with_tenths(totals.share(totals.exact)), f"{totals.exact} of {totals.plates}")
    alike = totals.exact_or_alike
    yield _figure("exact with O = 0", percent_with_tenths(totals.share(alike)), f"{alike} of {totals.plates}")
    for name, count in (("found but wrong", totals.wrong), ("missed", totals.missed), ("invented", totals.invented)):
        yield _figure(name, str(count), percent_with_tenths(totals.share(count)) if name != "invented" else "")
    if totals.besides:
        yield _figure("read besides", str(totals.besides), "in photographs; not judged")
    right = f"{totals.right} of {totals.characters}"
    yield _figure("characters right", percent_with_tenths(totals.character_share), f"{right}, of the plates found")
    for name, took in (("a photograph", report.photographs), ("a recording", report.recordings)):
        if took is not None:
            yield _figure(name, f"{took.median} ms", f"median; 99 % within {took.p99} ms")
    yield "</dl>\n"
    if report.unread:
        names = ", ".join(f"<code>{escape(name)}</code>" for name in report.unread)
        yield f'<p class="unread"><strong>Not read, and not counted:</strong> {names}</p>\n'
    yield "</header>\n"


def _figure(name: str, figure: str, beside: str) -> str:
    return f"<div><dt>{name}</dt><dd><strong>{figure}</strong> <span>{beside}</span></dd></div>\n"


def _errors(cards: Sequence[Card]) -> Iterator[str]:
    yield '<section id="errors" aria-labelledby="errors-head">\n<h2 id="errors-head">Errors</h2>\n'
    if not cards:
        yield "<p>None: every plate was read, and nothing invented.</p>\n"
    for outcome, title in _TITLES.items():
        some = [card for card in cards if card.answer.outcome is outcome]
        if some:
            yield f'<h3>{title} <span class="count">{len(some)}</span></h3>\n<p>{_MEANINGS[outcome]}</p>\n'
            yield f'<ul class="cards">\n{"".join(map(_card, some))}</ul>\n'
    yield "</section>\n"


def _besides(cards: Sequence[Card]) -> Iterator[str]:
    if cards:
        yield '<section aria-labelledby="besides-head">\n<h2 id="besides-head">Read besides '
        yield f'<span class="count">{len(cards)}</span></h2>\n<p>{_BESIDES}</p>\n'
        yield f'<ul class="cards">\n{"".join(map(_card, cards))}</ul>\n</section>\n'


def _card(card: Card) -> str:
    read = card.answer.found
    sure = "" if read is None else f"<p>weakest character {percent(read.confidence)}{_others(read.others)}</p>"
    return (
        f"<li>\n{_pictured(card)}<div class='texts'>\n{_texts(card.answer)}</div>\n"
        f"<p><code>{escape(card.file)}</code></p>\n{sure}</li>\n"
    )


def _pictured(card: Card) -> str:
    shown = card.crop or card.whole
    if shown is None:
        return '<div class="none">no picture</div>\n'
    what = "the plate" if card.crop else "the whole picture"
    image = (
        f'<img src="{escape(shown)}" alt="{what} in {escape(card.file)}" class="{"crop" if card.crop else "whole"}">'
    )
    if card.whole is None:
        return f"{image}\n"
    return f'<a href="{escape(card.whole)}" aria-label="whole picture of {escape(card.file)}">{image}</a>\n'


def _texts(answer: Answer) -> str:
    """Truth above what was read, place by place, with what differs marked by more than a colour. What was read besides
    has none: the list doesn't tell of it."""
    if answer.outcome is Outcome.BESIDES:
        return _text("read", answer.read_text, [])
    steps = aligned(answer.true_text, answer.read_text) if answer.truth and answer.found else []
    return _text("truth", answer.true_text, [(step, step.true) for step in steps]) + _text(
        "read", answer.read_text, [(step, step.read) for step in steps]
    )


def _text(name: str, text: str, steps: Sequence[tuple[Step, str]]) -> str:
    if not text:
        return f'<p><span class="who">{name}</span> <span class="nothing">nothing</span></p>\n'
    spelled = "".join(_character(step, character) for step, character in steps) or escape(text)
    return f'<p><span class="who">{name}</span> <span class="plate">{spelled}</span></p>\n'


def _character(step: Step, character: str) -> str:
    return f"<mark>{escape(character)}</mark>" if step.differs else f"<span>{escape(character)}</span>"


def _others(others: Sequence[RunnerUp]) -> str:
    return "".join(f", or {escape(other.plate)} in {percent(other.share)} of reads" for other in others)


def _confused(totals: Totals) -> Iterator[str]:
    if not totals.confused:
        return
    yield '<section aria-labelledby="confused-head">\n<h2 id="confused-head">Characters taken for others</h2>\n'
    yield '<table class="narrow">\n<thead><tr><th scope="col">is</th><th scope="col">read as</th>'
    yield '<th scope="col" class="number">times</th></tr></thead>\n<tbody>\n'
    for step, count in totals.confused:
        yield f"<tr><td>{_spoken(step.true)}</td><td>{_spoken(step.read)}</td>"
        yield f'<td class="number">{count}</td></tr>\n'
    yield "</tbody>\n</table>\n</section>\n"


def _spoken(character: str) -> str:
    return "nothing" if character == NOTHING else f"<code>{escape(character)}</code>"


def _files(rows: Sequence[Row]) -> Iterator[str]:
    yield '<section aria-labelledby="files-head">\n<h2 id="files-head">File by file</h2>\n<details>\n'
    yield f"<summary>{counted(len(rows), 'file')}</summary>\n<div class='wide' role='region' tabindex='0' "
    yield 'aria-labelledby="files-head">\n<table>\n<thead><tr><th scope="col">file</th><th scope="col">truth</th>'
    yield '<th scope="col">read</th><th scope="col">outcome</th><th scope="col" class="number">ms</th></tr></thead>\n'
    yield "<tbody>\n"
    for row in rows:
        yield _row(row)
    yield "</tbody>\n</table>\n</div>\n</details>\n</section>\n"


def _row(row: Row) -> str:
    true = "<br>".join(_true(answer) for answer in row.answers) or "nothing"
    read = "<br>".join(escape(answer.read_text) or "nothing" for answer in row.answers) or "nothing"
    outcomes = "<br>".join(answer.outcome.value for answer in row.answers) or "rightly nothing"
    fine = all(answer.outcome in (Outcome.EXACT, Outcome.BESIDES) for answer in row.answers)
    kind = "" if fine else ' class="off"'
    return (
        f'<tr{kind}><th scope="row"><code>{escape(row.file)}</code></th><td>{true}</td><td>{read}</td>'
        f'<td>{outcomes}</td><td class="number">{row.took}</td></tr>\n'
    )


def _true(answer: Answer) -> str:
    return NOTHING if answer.outcome is Outcome.BESIDES else escape(answer.true_text) or "nothing"
