"""Countries' formats: they recognise their plates, and help only where a character is doubtful."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plates.formats import COUNTRIES, DOUBTFUL, countries_named, likely_spelling
from models.plates.formats.patterns import Country, parts

TEXTS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=2, max_size=10)
CODES = st.lists(st.sampled_from(sorted(COUNTRIES)), max_size=4)


@pytest.mark.parametrize(
    ("country", "plates"),
    [
        ("DE", ["M A 1", "B XY 1234", "GO AB 123", "WOB EL 12E", "HH OL 30H", "BN 1234"]),
        ("AT", ["W 12345 A", "GU 123 AB", "W MEIER 1"]),
        ("CH", ["ZH 1", "GE 123456"]),
        ("FR", ["AB 123 CD", "1234 AB 75", "123 ABC 2A"]),
        ("IT", ["AB 123 CD"]),
        ("ES", ["1234 BCD", "M 1234 AB"]),
        ("NL", ["AB 12 34", "12 AB 34", "HK 123 B", "9 XXX 99", "GGG 99 G"]),
        ("BE", ["1 ABC 234", "ABC 123", "123 ABC"]),
        ("PL", ["WA 56660", "WSQ 3021", "BS 47040", "KR 1234A", "DW 1AB23"]),
        ("GB", ["AB12 CDE", "A123 BCD", "ABC 123D", "AXZ 1234", "1 A"]),
        ("IE", ["131 D 12345", "04 C 1234", "242 KK 7"]),
        ("DK", ["AB 12345"]),
        ("SE", ["ABC 123", "ABC 12D"]),
        ("NO", ["AB 12345"]),
        ("FI", ["ABC 123", "AB 1"]),
        ("CZ", ["1T4 3213", "4B2 1875", "1AB 2345", "BSE 5579"]),
        ("SK", ["RK 755 AJ", "BA 302 OZ"]),
        ("HU", ["ABC 123", "AA AA 001"]),
        ("PT", ["AB 12 34", "12 34 AB", "12 AB 34", "AA 12 BB"]),
        ("RO", ["B 123 ABC", "CJ 12 ABC"]),
        ("TR", ["34 A 36837", "34 AB 1234", "06 ABC 12"]),
        ("LT", ["ABC 123"]),
        ("LV", ["AB 1234"]),
        ("EE", ["123 ABC"]),
        ("HR", ["ZG 1234 AB", "SI 123 A"]),
        ("SI", ["LJ AB 123", "MB 12 3CD"]),
        ("RS", ["BG 123 AB", "NS 1234 CD"]),
        ("UA", ["AA 1234 BB"]),
        ("US-CA", ["7ABC123", "8X12345"]),
        ("US-NY", ["ABC 1234"]),
        ("BR", ["ABC 1234", "ABC 1D23"]),
        ("MX", ["ABC 123 A"]),
        ("IN", ["MH 12 AB 1234", "DL 3 C 1234", "22 BH 1234 AA"]),
    ],
)
def test_a_country_knows_its_plates(country: str, plates: list[str]) -> None:
    for plate in plates:
        assert COUNTRIES[country].has(plate.replace(" ", "")), plate


def test_a_pattern_that_forces_a_letter_into_a_number_rewrites_nothing_that_was_read_surely() -> None:
    """1291164 was read; the country's format wants a letter in the second place."""
    czechia = countries_named(["cz"])
    assert not czechia[0].has("1291164")
    assert likely_spelling("1291164", [0.97] * 7, czechia) == "1291164"
    assert likely_spelling("1291164", [0.97, DOUBTFUL, *[0.97] * 5], czechia) == "1291164"


def test_a_doubtful_character_is_replaced_where_only_that_fits() -> None:
    germany = countries_named(["de"])
    assert likely_spelling("MU1BO4", [0.97, 0.97, 0.97, 0.97, 0.5, 0.97], germany) == "MU1BO4", "B is sure, and stays"
    assert likely_spelling("MUI204", [0.97, 0.97, 0.4, 0.97, 0.97, 0.97], germany) == "MUI204", "fits as it is"
    assert likely_spelling("MU12O4", [0.97, 0.97, 0.97, 0.97, 0.5, 0.97], germany) == "MU1204"


@pytest.mark.parametrize("plate", ["GWAGEN", "BIMMIAN", "OYO9FEU", "KMBORAK"])
def test_a_plate_to_somebodys_liking_stays(plate: str) -> None:
    every = countries_named(code for code in COUNTRIES if not COUNTRIES[code].has(plate))
    assert likely_spelling(plate, [0.9] * len(plate), every) == plate


@given(TEXTS, st.lists(st.floats(0, 1), min_size=2, max_size=10))
def test_without_countries_nothing_changes(text: str, confidences: list[float]) -> None:
    assert likely_spelling(text, confidences, ()) == text


@given(TEXTS, CODES, st.data())
def test_only_doubtful_characters_ever_change_and_only_into_a_plate(
    text: str, codes: list[str], data: st.DataObject
) -> None:
    confidences = data.draw(st.lists(st.floats(0, 1), min_size=len(text), max_size=len(text)))
    countries = countries_named(codes)
    likely = likely_spelling(text, confidences, countries)
    assert len(likely) == len(text)
    for read, said, sure in zip(text, likely, confidences, strict=True):
        assert read == said or sure < DOUBTFUL
    if likely != text:
        assert not any(country.has(text) for country in countries)
        assert any(country.has(likely) for country in countries)
        assert likely_spelling(likely, confidences, countries) == likely


def test_a_country_that_is_misspelled_is_named_with_its_neighbour() -> None:
    assert [country.code for country in countries_named(["de", " US-ca "])] == ["DE", "US-CA"]
    with pytest.raises(ValueError, match='"us-cal"; did you mean "us-ca"'):
        countries_named(["us-cal"])


@pytest.mark.parametrize(
    ("written", "code"),
    [("uk", "gb"), ("holland", "nl"), ("deu", "de"), ("Germany", "de"), ("FIN", "fi"), ("Untied Kingdom", "gb")],
)
def test_a_country_that_is_called_otherwise_is_told_by_its_two_letters(written: str, code: str) -> None:
    with pytest.raises(ValueError, match=f'"{written}"; did you mean "{code}"\\?$'):
        countries_named([written])


def test_a_country_that_nobody_can_guess_is_told_all_that_are_known() -> None:
    with pytest.raises(ValueError, match=r'"qq"; known are de, at, ch, .*us-ca.*, il$'):
        countries_named(["de", "qq"])


@pytest.mark.parametrize("country", COUNTRIES.values(), ids=lambda country: country.code)
def test_every_format_says_where_it_is_from_and_fits_a_reader(country: Country) -> None:
    assert country.source
    for pattern in country.patterns:
        least = sum(min(map(len, part.words)) * part.few for part in parts(country, pattern))
        assert 2 <= least <= country.longest <= 10, "a reader has ten places"
