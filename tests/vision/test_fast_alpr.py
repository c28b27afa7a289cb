"""What the speller of plates says, slot by slot, and what is made of it."""

from fast_alpr.alpr import ALPRResult
from fast_alpr.base import DetectionResult, OcrResult
from open_image_models.detection.core.base import BoundingBox

from edge.vision.readers.fast_alpr_reader import candidate_of

PADS = [0.99] * 4


def spelled(text: str, *sure: float) -> tuple[str, tuple[float, ...]] | None:
    """The text and how sure each character is, as the lane gets it. The speller has ten slots."""
    slots = [*sure, *PADS][:10]
    found = DetectionResult("License Plate", 0.9, BoundingBox(0, 0, 120, 30))
    made = candidate_of(ALPRResult(found, OcrResult(text, slots)))
    return None if made is None else (made.text, made.confidences)


def test_each_character_has_the_confidence_of_its_own_slot() -> None:
    assert spelled("AB123C", 0.9, 0.8, 0.7, 0.6, 0.5, 0.4) == ("AB123C", (0.9, 0.8, 0.7, 0.6, 0.5, 0.4))


def test_an_empty_slot_amid_the_plate_moves_no_confidence_to_another_character() -> None:
    assert spelled("AB_123", 0.99, 0.98, 0.97, 0.96, 0.95, 0.41) == ("AB123", (0.99, 0.98, 0.96, 0.95, 0.41))


def test_a_slot_that_may_not_be_empty_leaves_a_doubt() -> None:
    assert spelled("AB_123", 0.99, 0.99, 0.30, 0.99, 0.99, 0.99) == ("AB123", (0.99, 0.99, 0.30, 0.99, 0.99))


def test_what_spells_no_plate_is_left_out() -> None:
    assert spelled("__", 0.9, 0.9) is None
