"""Chooses the plate reader: fast-alpr where its weights are, RapidOCR where they aren't, and says which."""

from __future__ import annotations

import structlog

from drivers.contract import PlateReader
from edge.vision.readers import weights
from edge.vision.readers.weights import WeightsError
from edge.vision.settings import VisionSettings

_LOG = structlog.get_logger("edge.vision")


def choose_reader(settings: VisionSettings, named_by: str = weights.IN_THE_LOTS_FILE) -> PlateReader:
    """The reader for these settings, loaded (a second or two). Its `name` says which it is.

    `named_by`: where the folder with weights was named, for whoever reads that it can't be used.

    Raises WeightsError when fast-alpr was asked for by name and its weights can't be used.
    """
    if settings.reader == "rapidocr":
        return _rapidocr(settings, why="configured")
    try:
        return _fast_alpr(settings, named_by)
    except WeightsError as error:
        if settings.reader == "fast-alpr":
            raise
        return _rapidocr(settings, why=f"no weights for fast-alpr: {error}")


def _fast_alpr(settings: VisionSettings, named_by: str) -> PlateReader:
    found = weights.find(settings.weights, named_by)
    from edge.vision.readers.fast_alpr_reader import FastAlprReader

    try:
        reader = FastAlprReader(found, settings.threads)
    except ValueError as error:
        named = "" if settings.weights is None else f" (named by {named_by})"
        raise WeightsError(f"{error}{named}") from error
    _LOG.info("vision.reader", reader=reader.name, weights=str(found.folder))
    return reader


def _rapidocr(settings: VisionSettings, why: str) -> PlateReader:
    from edge.vision.readers.rapidocr_reader import RapidOcrReader

    reader = RapidOcrReader(settings.threads)
    _LOG.info("vision.reader", reader=reader.name, why=why)
    return reader
