"""Text from people and from far away, made fit for a sign or a printer: no control characters, letters it has."""

from __future__ import annotations

import unicodedata

_SPELLED_OUT = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "å": "a", "Å": "A",
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "ħ": "h", "Ħ": "H",
    "€": "EUR", "£": "GBP", "¥": "JPY", "©": "(c)", "®": "(R)", "™": "TM", "°": "o", "·": "-", "•": "-",
    "‘": "'", "’": "'", "‚": ",", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
    "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "…": "...", "×": "x", "÷": "/", "→": "->", "←": "<-",
}  # fmt: skip
_UNKNOWN = "?"


def printable(text: str) -> str:
    """Without anything that a device could take for a command, nor what turns text around; white space is one space."""
    return " ".join(without_commands(text).split())


def without_commands(text: str) -> str:
    """The same with its spaces as they are, for a line that was laid out."""
    kept = "".join(" " if character.isspace() else character for character in text if not _commands(character))
    return unicodedata.normalize("NFC", kept)


def _commands(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") and not character.isspace()


def spelled(text: str, encoding: str) -> str:
    """`text` with the letters that `encoding` has: ä stays ä where it can, else it is a; for what has no like, ?."""
    return "".join(_near(character, encoding) for character in text)


def _near(character: str, encoding: str) -> str:
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    for candidate in (character, _SPELLED_OUT.get(character, ""), plain):
        if candidate and _has(encoding, candidate):
            return candidate
    return "" if unicodedata.combining(character) else _UNKNOWN


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
