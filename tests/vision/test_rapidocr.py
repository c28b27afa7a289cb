import pytest

from drivers.contract import Box, PlateReader
from edge.vision.readers.rapidocr_reader import RapidOcrReader, plate_like
from tests.vision.passages import HEIGHT, empty_lane, with_car


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    return RapidOcrReader()


@pytest.mark.parametrize("text", ["AB123CD", "HH-PK 482", "7KLM291", "34A36837"])
def test_a_drawn_cars_plate_is_read_and_the_cameras_captions_are_not(reader: PlateReader, text: str):
    found = reader.read(with_car(empty_lane(), text))
    assert [candidate.text for candidate in found] == ["".join(c for c in text if c.isalnum())]
    assert len(found[0].confidences) == len(found[0].text)


def test_an_empty_lane_has_no_plate(reader: PlateReader):
    assert reader.read(empty_lane()) == []


def spelled(text: str, box: Box) -> str | None:
    found = plate_like([(character, 0.99, None) for character in text], box, HEIGHT)
    return None if found is None else found.text


LINE = Box(200, 300, 120, 30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("34A-368.37", "34A36837"),
        ("RK:906AJ", "RK906AJ"),
        ("&LM-298AI", "LM298AI"),
        ("ADIDAPHST", None),
        ("2020-05-22 08:04:34", None),
        ("E-Trà trưc-14B02819T", None),
        ("ETC - 14B02819T - VÉ TR", None),
        ("15-17174", None),
        ("©OA.Brekke 2010", None),
        ("A1", None),
    ],
)
def test_only_what_is_spelled_like_a_plate_is_one(text: str, expected: str | None):
    assert spelled(text, LINE) == expected


def test_a_text_of_the_wrong_shape_or_in_the_caption_strip_is_no_plate():
    assert spelled("AB123CD", Box(200, 300, 40, 40)) is None
    assert spelled("AB123CD", Box(200, 300, 400, 20)) is None
    assert spelled("AB123CD", Box(500, 4, 90, 16)) is None
