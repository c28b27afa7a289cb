"""What countries are called by who doesn't know their two letters: by name, three letters, or the oval on a car."""

from __future__ import annotations

from collections.abc import Mapping

from models.documents.spelling import nearest
from models.plates.formats.patterns import Country

_OTHERWISE = """
AL ALB
AR ARG
AT A AUT OESTERREICH ÖSTERREICH
BA BIH BOSNIA
BE B BEL BELGIE BELGIQUE
BG BGR
BR BRA BRASIL
CH CHE SCHWEIZ SUISSE SVIZZERA
CZ CZE ČESKO CZECH-REPUBLIC
DE D DEU GER DEUTSCHLAND
DK DNK DANMARK
EE EST EESTI
ES E ESP ESPAÑA
FI FIN SUOMI
FR F FRA
GB UK GBR ENGLAND SCOTLAND WALES BRITAIN GREAT-BRITAIN
GR EL GRC HELLAS
HR HRV HRVATSKA
HU H HUN
IE IRL EIRE
IL ISR
IN IND
IS ISL
IT I ITA ITALIA
LI FL LIE
LT LTU
LU L LUX
LV LVA
MD MDA
ME MNE
MK MKD MACEDONIA
MX MEX
NL NLD HOLLAND NEDERLAND
NO N NOR NORGE
PL POL POLSKA
PT P PRT
RO ROU
RS SRB SRBIJA
SE S SWE SVERIGE
SI SLO SVN
SK SVK
TR TUR TÜRKIYE
UA UKR
US USA
"""
_SHORTEST_WORD = 4
"""Of three letters too many are like each other to guess what a wrong one was meant to be."""


def meant(written: str, countries: Mapping[str, Country]) -> str | None:
    """The code, in small letters, of the country that was meant; None when nobody can tell."""
    called = {code: code for code in countries}
    called |= {country.name.upper().replace(" ", "-"): code for code, country in countries.items()}
    for code, *names in map(str.split, _OTHERWISE.split("\n")[1:-1]):
        called |= dict.fromkeys(names, code)
    said = "-".join(written.upper().split())
    words = [name for name in called if len(name) >= _SHORTEST_WORD]
    found = said if said in called else nearest(said, words) if len(said) >= _SHORTEST_WORD else None
    return None if found is None else called[found].lower()
