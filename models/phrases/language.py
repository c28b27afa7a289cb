"""The languages in which drivers are spoken to: every line that a lane says, and a screen's own words. A file each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from ruamel.yaml import YAML

from models.documents.spelling import nearest

_FOLDER = Path(__file__).with_name("languages")
_FIRST = ("en", "de", "fr", "es", "pl", "tr", "it", "nl")
_VALUE = re.compile(r"\{(\w+)\}")


class Language(BaseModel):
    """One language. `lines` has the lane's English sentences as keys; a part in braces stands for any value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    name: str
    """As its speakers call it"""
    english: str
    """As a technician may call it"""
    decimal: str
    """Between euros and cents"""
    page: Mapping[str, str]
    receipt: Mapping[str, str]
    """By the keys of `ReceiptWord`"""
    lines: Mapping[str, str]

    def says(self, line: str) -> str | None:
        """A lane's line in this language; None for one that nobody has translated."""
        if self.code == "en":
            return line
        if line in self.lines:
            return self.lines[line]
        for pattern, said in self._patterns:
            found = pattern.fullmatch(line)
            if found is not None:
                return self._filled(said, found.groupdict())
        return None

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        return [(_pattern(source), said) for source, said in self.lines.items() if _VALUE.search(source)]

    def _filled(self, said: str, values: Mapping[str, str]) -> str:
        """Sums of money get this language's decimal sign."""
        written = {
            name: value.replace(".", self.decimal) if name == "amount" else value for name, value in values.items()
        }
        return _VALUE.sub(lambda place: written[place[1]], said)


def spoken() -> tuple[str, ...]:
    """The codes of all languages, the usual ones first."""
    found = {path.stem for path in _FOLDER.glob("*.yaml")}
    return (*(code for code in _FIRST if code in found), *sorted(found - set(_FIRST)))


@cache
def language(code: str) -> Language:
    """Raises KeyError for one that isn't spoken."""
    if code not in spoken():
        raise KeyError(code)
    yaml: Any = YAML(typ="safe", pure=True)
    return Language.model_validate({"code": code, **yaml.load((_FOLDER / f"{code}.yaml").read_text(encoding="utf-8"))})


def said_in(languages: Sequence[Language], lines: Sequence[str]) -> list[str]:
    """All that a sign says, in one language after the other. What nobody has translated is said in English, once."""
    said = [language.says(line) or line for language in languages for line in lines]
    return list(dict.fromkeys(said))


def known_language(written: object) -> str:
    """The code of a language as a technician writes it. Raises ValueError, which says what was meant perhaps."""
    if isinstance(written, str) and written in spoken():
        return written
    meant = _nearest(str(written))
    hint = "" if meant is None else f"; did you mean {meant}, {language(meant).english}?"
    raise ValueError(f"one of {', '.join(spoken())} is expected here{hint}")


def _nearest(written: str) -> str | None:
    names = {name: code for code in spoken() for name in (code, language(code).name, language(code).english)}
    found = nearest(re.split(r"[-_]", written)[0], names)
    return None if found is None else names[found]


LanguageCode = Annotated[str, BeforeValidator(known_language)]
"""Two letters"""


def _each_once(codes: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(codes)) < len(codes):
        raise ValueError("each language is named once")
    return codes


LanguageCodes = Annotated[tuple[LanguageCode, ...], Field(min_length=1), AfterValidator(_each_once)]


def _pattern(source: str) -> re.Pattern[str]:
    parts = _VALUE.split(source)
    return re.compile("".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)))
