"""How countries outside Europe and some states of the USA write their plates: the common series, each with its rule."""

from __future__ import annotations

from models.plates.formats.patterns import Country

_INDIAN = (
    "<AN AP AR AS BR CG CH DD DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TG TN TR TS UA "
    "UK UP WB>"
)
_THREE_FOUR = ("LLLDDDD",)
_AMERICAN = (
    *("DLLLDDD", "LLLDDDD", "LLLDDD", "DDDLLL", "LLDDDDD", "LLLLDD", "LDDLLL", "DLLDDDD", "DLLLDD", "DDDLLD"),
    *("DDDLLLL", "DDDDLL", "LLDDLL", "DLDDDDD"),
)

ELSEWHERE = (
    Country(
        "US", "USA, common series", _AMERICAN, "Series of the states below and those with the same shapes", longest=7
    ),
    Country("US-CA", "California", ("DLLLDDD", "DLDDDDD"), "DMV: cars since 1980, lorries", without="IOQ", longest=7),
    Country("US-NY", "New York", _THREE_FOUR, "DMV: series of 2001 on", longest=7),
    Country("US-TX", "Texas", _THREE_FOUR, "TxDMV: series of 2009 on", without="AEIOQU", longest=7),
    Country("US-PA", "Pennsylvania", _THREE_FOUR, "PennDOT: series of 1999 on", longest=7),
    Country("US-OH", "Ohio", _THREE_FOUR, "BMV: series of 2004 on", longest=7),
    Country("US-GA", "Georgia", _THREE_FOUR, "DOR: series of 2005 on", longest=7),
    Country("US-NC", "North Carolina", _THREE_FOUR, "DMV: series of 1982 on", longest=7),
    Country("US-VA", "Virginia", _THREE_FOUR, "DMV: series of 1993 on", longest=7),
    Country("US-WA", "Washington", ("LLLDDDD", "DDDLLL"), "DOL: series of 2009 on, and before", longest=7),
    Country("US-WI", "Wisconsin", ("LLLDDDD", "DDDLLL"), "DMV: series of 2017 on, and before", longest=7),
    Country(
        "US-IL", "Illinois", ("LLDDDDD", "[123456789]D{5,6}"), "Secretary of State: two letters, five digits", longest=7
    ),
    Country("US-NJ", "New Jersey", ("LDDLLL", "LLLDDL"), "MVC: series of 1999 on", longest=6),
    Country(
        "US-FL", "Florida", ("LLLLDD", "LLLDDD", "LLDDLL", "DDDLLL"), "FLHSMV: six places, several series", longest=6
    ),
    Country(
        "US-MA", "Massachusetts", ("DDDLLD", "DLLLDD", "DLLDDD", "DDDDLL"), "RMV: six places, several series", longest=6
    ),
    Country("US-MD", "Maryland", ("DLLDDDD",), "MVA: series of 2010 on", longest=7),
    Country("MX", "Mexico", ("LLLDDDL", "LLLDDDD", "LLLDDD"), "NOM-001-SCT-2: private cars", without="IOQ", longest=7),
    Country("BR", "Brazil", ("LLLDDDD", "LLLDLDD"), "CONTRAN 231/2007, and 969/2022 (Mercosur)", longest=7),
    Country("AR", "Argentina", ("LLDDDLL", "LLLDDD"), "DNRPA: Mercosur series of 2016, and 1995", longest=7),
    Country(
        "IN",
        "India",
        (_INDIAN + "D{1,2}L{0,3}DDDD", "DD<BH>DDDDL{1,2}"),
        "CMVR rules 50 and 51: state, district, series, number; and the BH series",
        without="IO",
        longest=10,
    ),
    Country("IL", "Israel", ("D{7,8}",), "Seven digits, since 2017 eight", longest=8),
)
