"""What a plate with a doubtful character most probably says, given the countries that most vehicles here come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from models.plates.confusions import CHARACTERS, truly
from models.plates.formats.patterns import Country

DOUBTFUL = 0.8
"""A character that is read more surely is never replaced. A vote is certain from here on."""
_AT_HOME = 20.0
"""Of a read that fits no configured format but for one confusion: so many times likelier is it a misread plate of such
a country than a foreign one, or one to somebody's liking, that happens to stand so near."""
_ODDS = 2.0
"""A replacement must be so many times likelier than what was read, and than any other replacement."""
_MOST = 2
_LEAST_SHARE = 0.02
"""Partners less likely than this aren't tried."""


def likely_spelling(
    text: str, confidences: Sequence[float], countries: Sequence[Country], doubtful: float = DOUBTFUL
) -> str:
    """`text`, with doubtful characters replaced where only that makes it a plate of one of `countries`.

    Nothing changes where no country is given, where `text` fits one as it is, where `confidences` aren't one a
    character, where every character is at least `doubtful` sure, or where two spellings are about as likely. At most
    two characters are replaced. `countries_named(["de", "us"])` gives the countries.
    """
    if not countries or len(confidences) != len(text) or _fits(text, countries):
        return text
    places = [place for place, sure in enumerate(confidences) if sure < doubtful]
    for few in range(1, min(_MOST, len(places)) + 1):
        found = sorted(_spellings(text, confidences, countries, places, few), reverse=True)
        if found:
            return _clear_winner(found) or text
    return text


def _clear_winner(found: list[tuple[float, str]]) -> str | None:
    odds, spelling = found[0]
    next_odds = found[1][0] if len(found) > 1 else 0.0
    return spelling if odds >= _ODDS and odds >= _ODDS * next_odds else None


def _spellings(
    text: str, confidences: Sequence[float], countries: Sequence[Country], places: Sequence[int], few: int
) -> Iterator[tuple[float, str]]:
    """Those that fit with `few` characters replaced, each with its odds against the text as read."""
    for chosen in combinations(places, few):
        partners = [_partners(text[place]) for place in chosen]
        for instead in product(*partners):
            spelling = list(text)
            odds = _AT_HOME
            for place, (character, share) in zip(chosen, instead, strict=True):
                spelling[place] = character
                odds *= share * (1 - confidences[place]) / max(confidences[place], 0.01)
            if _fits("".join(spelling), countries):
                yield odds, "".join(spelling)


def _partners(read: str) -> list[tuple[str, float]]:
    if read not in CHARACTERS:
        return []
    return [(true, share) for true, share in truly(read).items() if share >= _LEAST_SHARE]


def _fits(text: str, countries: Sequence[Country]) -> bool:
    return any(country.has(text) for country in countries)
