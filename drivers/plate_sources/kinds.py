"""The words of cameras and recorders for kinds of vehicles, as the lot's own. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from models.spots import VehicleType

_WORDS: Mapping[VehicleType, tuple[str, ...]] = {
    VehicleType.MOTORCYCLE: ("motorcycle", "motorbike", "motor", "twowheelvehicle", "threewheelvehicle", "moped"),
    VehicleType.COMPACT: ("compact", "smallcar", "minicar", "microcar"),
    VehicleType.REGULAR: (
        *("regular", "car", "vehicle", "sedan", "saloon", "saloncar", "salooncar", "suv", "suvmpv", "mpv"),
        *("hatchback", "coupe", "taxi", "mediumsizedcar", "largecar", "passengercar", "microbus7seats"),
    ),
    VehicleType.LARGE: (
        *("large", "van", "truck", "lorry", "bus", "largebus", "coach", "schoolbus", "garbagetruck", "minitruck"),
        *("minibus", "mediumbus", "mediumheavytruck", "lighttruck", "heavytruck", "midtruck", "smalltruck"),
        *("bigtruck", "largetruck", "trailer", "motorhome", "containertruck", "tanker", "concretemixer"),
        *("middletruck", "microtruck", "pickuptruck", "boxtruck", "dregscar"),
    ),
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words}


def kind_named(word: str | None) -> VehicleType | None:
    """None for what is no vehicle that parks, or that nobody here knows."""
    if word is None or len(word) > 64:
        return None
    return _KINDS.get("".join(c for c in word.lower() if c.isalnum()))
