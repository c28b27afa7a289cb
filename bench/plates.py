"""What the benches of plate reading share: the material, fast-alpr as it comes, and what counts as the same plate.

The photographs, recordings and weights lie beside the project, or where PARKGATE_SHARED says.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fast_alpr import ALPR  # pyright: ignore[reportMissingTypeStubs]
from fast_alpr.base import BaseDetector, DetectionResult  # pyright: ignore[reportMissingTypeStubs]
from open_image_models.detection.core.yolo_v9.inference import YoloV9Detector

from edge.vision.files.accuracy.truth import read_truth
from edge.vision.frames.motion import Frame
from edge.vision.readers.choosing import choose_reader
from edge.vision.readers.onnx import PROVIDERS, session_options
from edge.vision.readers.weights import Weights, in_folder
from edge.vision.settings import VisionSettings

_ITS_OWN_THRESHOLD = 0.4


@dataclass(frozen=True, slots=True)
class Film:
    """A recording and the plates in it, in the order in which they come."""

    path: Path
    plates: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.stem


def material() -> Path:
    """The folder `lpr` of the shared material. Ends the process with a hint when it isn't there."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared"
    folder = Path(os.environ.get("PARKGATE_SHARED") or beside).resolve() / "lpr"
    if not folder.is_dir():
        sys.exit(f"no {folder}: this bench needs photographs and weights; set PARKGATE_SHARED to where they lie")
    return folder


def photographs() -> list[tuple[Path, str]]:
    """Each with the plate in it."""
    return [(file.path, file.plates[0].plate) for file in read_truth(material() / "images" / "eu" / "truth.csv")]


def films(shared: Path | None = None) -> list[Film]:
    folder = material() if shared is None else shared / "lpr"
    files = read_truth(folder / "video" / "truth.csv")
    return [Film(file.path, tuple(each.plate for each in file.plates)) for file in files]


def tollgate() -> Film:
    """A barrier's lane: two cars pass, then it lies empty, then a truck comes into view that stays too far away."""
    return Film(material() / "video" / "tollgate.mp4", ("34A36837", "34A23126"))


def our_reader(folder: Path | None = None) -> Any:
    return choose_reader(VisionSettings(reader="fast-alpr", weights=folder or material() / "weights"))


class _TightDetector(BaseDetector):
    """The plate detector as it comes."""

    def __init__(self, weights: Weights, least: float) -> None:
        self._detector: Any = YoloV9Detector(
            weights.detector.path,
            class_labels=["License Plate"],
            conf_thresh=least,
            providers=PROVIDERS,
            sess_options=session_options(1),
        )

    def predict(self, frame: Frame) -> list[DetectionResult]:
        return self._detector.predict(frame)


def plain_alpr(folder: Path | None = None, least: float = _ITS_OWN_THRESHOLD) -> ALPR:
    """fast-alpr as its users have it, with the same weights, one thread, and no spinning either. `least`: how sure
    its detector has to be."""
    weights = in_folder(folder or material() / "weights")
    return ALPR(
        detector=_TightDetector(weights, least),
        ocr_model=None,
        ocr_model_path=weights.speller.path,
        ocr_config_path=weights.config.path,
        ocr_providers=PROVIDERS,
        ocr_sess_options=session_options(1),
    )


def one_of(text: str) -> str:
    """The spelling in which letter O and digit 0 are one: some of the labels write one for the other."""
    return text.replace("O", "0")
