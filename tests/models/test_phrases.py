"""What drivers are told is told in every language, in few words."""

from __future__ import annotations

import re

import pytest

from drivers.post.plain_text import printable, spelled
from drivers.post.sign_pages import Overflow, pages
from models.phrases.language import known_language, language, said_in, spoken
from models.phrases.phrase import Phrase
from models.refusals import Refusal

VALUES = {
    "plate": "RMU1844",
    "spot": "A112",
    "code": "7F3K-9Q2M",
    "amount": "123.50 EUR",
    "number": "+49 40 1234567",
    "time": "2026-11-29 14:30",
}
LINES = (*Phrase, *sorted({refusal.driver for refusal in Refusal}))
OTHERS = [code for code in spoken() if code != "en"]


@pytest.mark.parametrize("code", OTHERS)
def test_every_line_is_said_in_every_language(code: str) -> None:
    assert [line for line in LINES if line not in language(code).lines] == []
    assert [refusal for refusal in Refusal if language(code).lines[refusal.driver] == refusal.driver] == []


@pytest.mark.parametrize("code", OTHERS)
def test_no_language_lacks_or_has_a_line_of_its_own(code: str) -> None:
    assert language(code).lines.keys() == language("de").lines.keys()


@pytest.mark.parametrize("code", OTHERS)
def test_no_value_is_lost_in_translation(code: str) -> None:
    lost = [line for line, said in language(code).lines.items() if _values(line) != _values(said)]
    assert lost == []


@pytest.mark.parametrize("code", spoken())
def test_what_is_said_fits_on_a_small_sign(code: str) -> None:
    """Two lines of twenty letters: what turns pages is read late."""
    assert [line for line in LINES if not _fits(_said(code, line), rows=2)] == []


def test_a_sign_of_one_line_would_be_too_small() -> None:
    assert [line for line in LINES if not _fits(_said("de", line), rows=1)] != []


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("line", Phrase)
def test_a_line_is_taken_for_no_other(code: str, line: Phrase) -> None:
    """A lane hands on the English text, from which the language has to find the line and its values again."""
    translation = language(code).lines[line]
    written = {name: value.replace(".", ",") if name == "amount" else value for name, value in VALUES.items()}
    assert _said(code, line) == translation.format(**written)


def test_sums_are_written_as_the_language_does() -> None:
    assert language("de").says("12.50 EUR paid, goodbye") == "12,50 EUR bezahlt, auf Wiedersehen"
    assert language("en").says("12.50 EUR paid, goodbye") == "12.50 EUR paid, goodbye"


def test_a_sign_says_all_in_one_language_after_the_other_and_nothing_twice() -> None:
    german, english = language("de"), language("en")
    assert said_in([german, english], ["Car park full"]) == ["Parkhaus voll", "Car park full"]
    assert said_in([german, english], ["Mind the goose"]) == ["Mind the goose"]
    assert said_in([german, english], [""]) == [""]


@pytest.mark.parametrize(
    ("written", "meant"), [("german", "de"), ("Deutsch", "de"), ("de-DE", "de"), ("Italien", "it")]
)
def test_who_writes_a_language_otherwise_is_told_how_it_is_written(written: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean {meant}, "):
        known_language(written)


def _said(code: str, line: str) -> str:
    said = language(code).says(line.format(**VALUES))
    assert said is not None
    return said


def _fits(said: str, rows: int) -> bool:
    return len(pages([spelled(printable(said), "ascii")], rows, 20, Overflow.WRAP)) == 1


def _values(line: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", line))
