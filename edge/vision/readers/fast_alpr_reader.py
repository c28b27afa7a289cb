"""Reads plates with fast-alpr from local weights: a YOLOv9 detector, then a transformer that spells the plate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fast_alpr import ALPR  # pyright: ignore[reportMissingTypeStubs]
from fast_alpr.alpr import ALPRResult  # pyright: ignore[reportMissingTypeStubs]
from fast_alpr.base import BaseDetector, DetectionResult  # pyright: ignore[reportMissingTypeStubs]
from open_image_models.detection.core.base import BoundingBox
from open_image_models.detection.core.yolo_v9.inference import YoloV9Detector

from drivers.contract import Box, PlateCandidate
from edge.vision.frames.motion import Frame
from edge.vision.readers.edges import is_cut
from edge.vision.readers.onnx import BROKEN_MODEL, PROVIDERS, session_options
from edge.vision.readers.weights import Weights
from models.plates import normalised

_WIDER, _HIGHER = 0.08, 0.10
"""The detector's box is tight; the speller reads better with some of the plate's frame around it."""
_LEAST_DETECTION = 0.4


class FastAlprReader:
    """One detector and one speller in memory (about 150 MB). Not for threads."""

    def __init__(self, weights: Weights, threads: int = 1) -> None:
        """Raises ValueError when a file isn't what it claims to be; nothing is downloaded."""
        self.name = f"fast-alpr ({weights.detector.path.stem}, {weights.speller.path.stem})"
        try:
            self._alpr = ALPR(
                detector=_EnlargingDetector(weights, threads),
                ocr_model=None,
                ocr_model_path=weights.speller.path,
                ocr_config_path=weights.config.path,
                ocr_providers=PROVIDERS,
                ocr_sess_options=session_options(threads),
            )
        except (*BROKEN_MODEL, RuntimeError, LookupError, TypeError, OSError) as error:
            raise ValueError(f"the weights in {weights.folder} can't be loaded: {error}") from error

    def read(self, frame: Frame) -> list[PlateCandidate]:
        """The plates in a BGR frame, in no order; crops in which no text was found are left out."""
        candidates = (candidate_of(result) for result in self._alpr.predict(frame))
        return [candidate for candidate in candidates if candidate is not None]


class _EnlargingDetector(BaseDetector):
    """The plate detector, with boxes enlarged inside the picture."""

    def __init__(self, weights: Weights, threads: int) -> None:
        self._detector: Any = YoloV9Detector(
            weights.detector.path,
            class_labels=["License Plate"],
            conf_thresh=_LEAST_DETECTION,
            providers=PROVIDERS,
            sess_options=session_options(threads),
        )

    def predict(self, frame: Frame) -> list[DetectionResult]:
        height, width = frame.shape[:2]
        enlarged = (_enlarged(detection, width, height) for detection in self._detector.predict(frame))
        return [detection for detection in enlarged if not detection.bounding_box.is_empty]


@dataclass(frozen=True)
class _Enlarged(DetectionResult):
    """A detection with some of the plate's surroundings; `cut`: its own box reaches the picture's edge."""

    cut: bool = False


def _enlarged(detection: DetectionResult, width: int, height: int) -> DetectionResult:
    box = detection.bounding_box
    cut = is_cut(_box(box), width, height)
    sideways, upwards = round(box.width * _WIDER / 2), round(box.height * _HIGHER / 2)
    larger = replace(box, x1=box.x1 - sideways, x2=box.x2 + sideways, y1=box.y1 - upwards, y2=box.y2 + upwards)
    return _Enlarged(detection.label, detection.confidence, larger.clamp(width, height), cut)


def candidate_of(result: ALPRResult) -> PlateCandidate | None:
    """None where no plate was spelled."""
    if result.ocr is None:
        return None
    try:
        text = normalised(result.ocr.text)
    except ValueError:
        return None
    spelled, found = result.ocr.confidence, result.detection
    confidences = _of_each(result.ocr.text, spelled) if isinstance(spelled, list) else (spelled,) * len(text)
    if len(confidences) != len(text):
        return None
    cut = isinstance(found, _Enlarged) and found.cut
    return PlateCandidate(text, confidences, _box(found.bounding_box), float(found.confidence), cut)


def _of_each(spelled: str, slots: list[float]) -> tuple[float, ...]:
    """How sure each character is. The speller gives that of its slots, the empty ones included, and takes only those
    off its text that are last: who follows on an empty one is no surer than that it is empty."""
    sure, gap = list[float](), 1.0
    for character, confidence in zip(spelled, slots, strict=False):
        if not character.isalnum():
            gap = min(gap, confidence)
        else:
            sure.append(min(gap, confidence))
            gap = 1.0
    return tuple(sure)


def _box(box: BoundingBox) -> Box:
    return Box(*box.to_xywh())
