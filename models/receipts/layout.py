"""A receipt as lines of text, for paper of any width and in the lot's languages. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from models.instants import SECOND, Instant, to_datetime
from models.money import Minor, exponent
from models.phrases.language import Language
from models.phrases.receipt_word import ReceiptWord as Word
from models.receipts.document import Document, Kind, Move, Tax

NARROWEST = 16
_NEVER_SET = Instant(1_767_225_600 * SECOND)
"""2026: what a clock says that is before it, no clock was set to."""
_TITLES = {Kind.RECEIPT: Word.RECEIPT, Kind.CREDIT_NOTE: Word.CREDIT_NOTE}
_WAYS = {"cash": Word.CASH, "terminal": Word.TERMINAL}


def laid_out(
    document: Document, languages: Sequence[Language], width: int, plate: str | None = None, *, copy: bool = False
) -> list[str]:
    """No line is longer than `width`. Sums and dates are written as in the first of the languages; a label is in as
    many of them as fit. `plate` is left out where nobody knows it, or any more."""
    page = _Page(document, tuple(languages), max(width, NARROWEST))
    parts = (
        page.head(copy=copy),
        page.stay(plate),
        page.rule(),
        page.sums(),
        page.rule(),
        page.moves(),
        page.rest(),
        page.foot(copy=copy),
    )
    return [line for part in parts for line in part]


@dataclass(frozen=True, slots=True)
class _Page:
    document: Document
    languages: tuple[Language, ...]
    width: int

    def head(self, *, copy: bool) -> Iterator[str]:
        said = self.document
        names = dict.fromkeys((said.lot, said.business.name))
        for text in (*names, *said.business.address.splitlines()):
            yield from self.centred(text)
        if said.business.tax_id:
            yield from self.centred(f"{self.word(Word.TAX_ID)} {said.business.tax_id}")
        yield ""
        yield from self.centred(self.label(_TITLES[said.kind], f" {said.number}") + f" {said.number}")
        if said.refers_to:
            yield from self.centred(self.word(Word.TAKES_OFF, number=", ".join(map(str, said.refers_to))))
        if copy:
            yield from self.centred(f"*** {self.label(Word.COPY, '********')} ***")
        yield ""

    def stay(self, plate: str | None) -> Iterator[str]:
        said = self.document
        yield from self.pair(Word.TICKET, said.ticket)
        if said.serial is not None:
            yield from self.pair(Word.SERIAL, str(said.serial))
        if plate is not None:
            yield from self.pair(Word.PLATE, plate)
        until = (Word.PAID_UNTIL, said.paid_until) if said.left is None else (Word.LEFT, said.left)
        for word, at in ((Word.ENTERED, said.entered), until):
            if at is not None and at >= _NEVER_SET:
                yield from self.pair(word, self.moment(at))

    def sums(self) -> Iterator[str]:
        said = self.document
        if said.taxes:
            yield from self.pair(Word.NET, self.sum(said.net))
        for tax in said.taxes:
            yield from self.row([self.tax(tax)], self.sum(tax.amount))
        if said.over:
            yield from self.pair(Word.OVER, self.sum(said.over))
        yield from self.pair(Word.TOTAL, self.money(said.total))

    def moves(self) -> Iterator[str]:
        for move in self.document.moves:
            yield from self.row(self.ways(move), self.money(move.amount))
            known = self.moment(move.at) if move.at >= _NEVER_SET else ""
            for text in (known, " ".join(filter(None, (move.provider, move.token)))):
                yield from (f"  {line}" for line in textwrap.wrap(_clean(text), self.width - 2))

    def rest(self) -> Iterator[str]:
        said = self.document
        for other in said.paid_with:
            yield from self.row([self.word(Word.PAID_WITH, ticket=other.ticket)], self.money(other.amount))
        if said.owed:
            yield from self.pair(Word.OWED, self.money(said.owed))

    def foot(self, *, copy: bool) -> Iterator[str]:
        yield ""
        if self.document.at >= _NEVER_SET:
            yield from self.pair(Word.MADE_OUT, self.moment(self.document.at))
        if copy:
            yield from self.centred(f"*** {self.label(Word.COPY, '********')} ***")

    # --- lines ---

    def rule(self) -> Iterator[str]:
        yield "-" * self.width

    def centred(self, text: str) -> Iterator[str]:
        yield from (line.center(self.width).rstrip() for line in textwrap.wrap(_clean(text), self.width))

    def pair(self, word: Word, value: str) -> Iterator[str]:
        yield from self.row([language.receipt[word] for language in self.languages], value)

    def row(self, labels: Sequence[str], value: str) -> Iterator[str]:
        """The label on the left, the value on the right; below it where both are too long for a line."""
        value = _clean(value)
        label = self.fitting(labels, len(value) + 1)
        if len(label) + 1 + len(value) <= self.width:
            yield label + value.rjust(self.width - len(label))
            return
        yield from textwrap.wrap(label, self.width)
        yield from (line.rjust(self.width) for line in textwrap.wrap(value, self.width))

    def label(self, word: Word, beside: str) -> str:
        return self.fitting([language.receipt[word] for language in self.languages], len(beside))

    def fitting(self, labels: Sequence[str], taken: int) -> str:
        """As many of the labels as there is room for; the first one always."""
        first, *others = dict.fromkeys(map(_clean, labels))
        for other in others:
            if len(first) + 3 + len(other) + taken <= self.width:
                first = f"{first} / {other}"
        return first

    # --- words ---

    def word(self, word: Word, **values: str) -> str:
        return self.languages[0].receipt[word].format(**values)

    def ways(self, move: Move) -> list[str]:
        """By which way it was paid, or given back."""
        way = _WAYS.get(move.method, Word.PROVIDER)
        if move.amount >= 0:
            return [language.receipt[way] for language in self.languages]
        return [language.receipt[Word.GIVEN_BACK].format(way=language.receipt[way]) for language in self.languages]

    def tax(self, tax: Tax) -> str:
        if tax.percent is None:
            return tax.name
        percent = tax.percent.replace(".", self.languages[0].decimal)
        if tax.base is None:
            return f"{tax.name} {percent} %"
        return self.word(Word.TAX, name=tax.name, percent=percent, base=self.sum(tax.base))

    def sum(self, amount: Minor) -> str:
        places = exponent(self.document.currency)
        return f"{Decimal(amount).scaleb(-places):.{places}f}".replace(".", self.languages[0].decimal)

    def money(self, amount: Minor) -> str:
        return f"{self.sum(amount)} {self.document.currency}"

    def moment(self, at: Instant) -> str:
        """By the lot's clock; with the zone's name, for on one night each minute comes twice."""
        return to_datetime(at).astimezone(ZoneInfo(self.document.zone)).strftime("%Y-%m-%d %H:%M %Z")


def _clean(text: str) -> str:
    """Nothing that a printer could take for a command, and single spaces."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
