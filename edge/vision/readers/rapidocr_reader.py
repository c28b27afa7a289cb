"""Reads plates with RapidOCR, a general text reader whose models ship in its wheel: the fallback without weights.

It has no notion of a plate, so texts that can't be one by spelling, shape or place are left out. About three in
four plates come out right on photographs, where fast-alpr reads nearly all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import rapidocr
from rapidocr import RapidOCR

from drivers.contract import Box, PlateCandidate
from edge.vision.frames.motion import Frame
from edge.vision.frames.view import is_caption
from edge.vision.readers.edges import is_cut
from models.plates import normalised

_LONGEST_SIDE = 960
_LEAST_TEXT = 0.6
_SHORTEST, _LONGEST = 4, 9
_SQUAREST, _FLATTEST = 1.8, 8.5
_CALIBRATION = 0.32
"""Exponent for the engine's confidences. On photographs its right and its wrong plates part where the weakest
character has 0.5, those of fast-alpr near 0.8: half to the power of 0.32 is 0.8, so that one vote serves both."""
_PLATE_SPELLING = re.compile(r"[A-Z0-9]+(?:[ \-=:.,·•_/]{1,2}[A-Z0-9]+){0,3}")

Letter = tuple[str, float, Any]
"""A character, how sure it is, and its corners."""


class RapidOcrReader:
    """One text finder and one text recogniser in memory (about 200 MB). Not for threads."""

    name = "rapidocr (PP-OCRv6 small)"

    def __init__(self, threads: int = 1) -> None:
        """Loads the models of the installed wheel. Raises FileNotFoundError when they are missing: no download."""
        self._engine = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Global.text_score": _LEAST_TEXT,
                "Global.return_word_box": True,
                "Global.return_single_char_box": True,
                "Det.limit_type": "max",
                "Det.limit_side_len": _LONGEST_SIDE,
                "Det.model_path": _shipped("det"),
                "Rec.model_path": _shipped("rec"),
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, frame: Frame) -> list[PlateCandidate]:
        """The texts in a BGR frame that look like plates, in no order."""
        found: Any = self._engine(frame)
        if found.word_results is None or found.boxes is None:
            return []
        candidates = (
            plate_like(letters, _around(corners), frame.shape[0])
            for letters, corners in zip(found.word_results, found.boxes, strict=True)
        )
        height, width = frame.shape[:2]
        return [replace(c, cut=is_cut(c.box, width, height)) for c in candidates if c is not None]


def plate_like(letters: Sequence[Letter], box: Box, frame_height: int) -> PlateCandidate | None:
    """The text as a plate, or None where spelling, shape or place say that it is something else.

    A plate has letters and digits, few of them, in one line that is neither square nor a ribbon. Captions that
    a camera writes stand along the picture's edge; dates, names and slogans fail the spelling.
    """
    kept = [(unicodedata.normalize("NFKC", letter[0]).upper(), letter[1]) for letter in letters]
    spelled = "".join(character for character, _ in kept).strip(" -=:.,·•_/&[]()|'\"")
    if not _PLATE_SPELLING.fullmatch(spelled) or is_caption(box, frame_height):
        return None
    surety = [confidence for character, confidence in kept for _ in character if character.isalnum()]
    try:
        plate = normalised(spelled)
    except ValueError:
        return None
    mixed = any(c.isalpha() for c in plate) and any(c.isdigit() for c in plate)
    shaped = _SQUAREST <= box.width / max(box.height, 1) <= _FLATTEST
    if not (mixed and shaped and _SHORTEST <= len(plate) <= _LONGEST and len(surety) == len(plate)):
        return None
    confidences = tuple(float(confidence) ** _CALIBRATION for confidence in surety)
    return PlateCandidate(plate, confidences, box, sum(confidences) / len(confidences))


def _around(corners: Any) -> Box:
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    return Box(int(left), int(top), round(float(right - left)), round(float(bottom - top)))


def _shipped(kind: str) -> str:
    """The model of that kind in the wheel. RapidOCR itself would fetch a missing one, so that it is named here."""
    folder = Path(rapidocr.__file__).parent / "models"
    models = sorted(folder.glob(f"*_{kind}_*.onnx"))
    if not models:
        raise FileNotFoundError(f"RapidOCR's {kind} model is missing from {folder}: install the rapidocr wheel again")
    return str(models[-1])
