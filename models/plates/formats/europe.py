"""How Europe's countries write their plates: the series that are on the road in numbers, each with its rule.

Plates to one's own liking, diplomats', dealers' and the army's are mostly left out: a plate that fits nothing is a
plate all the same.
"""

from __future__ import annotations

from models.plates.formats.patterns import Country

_IRISH = "<C CE CN CW D DL G KE KK KY L LD LH LK LM LS MH MN MO OY RN SO T TN TS W WD WH WW WX>"
_SWISS = "<AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH>"
_ROMANIAN = (
    "<AB AG AR BC BH BN BR BT BV BZ CJ CL CS CT CV DB DJ GJ GL GR HD HR IF IL IS MH MM MS NT OT PH SB SJ SM SV TL TM "
    "TR VL VN VS>"
)
_CROATIAN = "<BJ BM CK DA DE DJ DU GS IM KA KC KR KT KZ MA NA NG OG OS PU PZ RI SB SI SK SL ST VK VT VU VZ ZD ZG ZU>"
_SLOVENE = "<CE GO KK KP KR LJ MB MS NM PO SG>"
_DUTCH = (
    *("LLDDDD", "DDDDLL", "DDLLDD", "LLDDLL", "LLLLDD", "DDLLLL", "DDLLLD"),
    *("DLLLDD", "LLDDDL", "LDDDLL", "LLLDDL", "LDDLLL", "DLLDDD", "DDDLLD"),
)
_POLISH = (
    *("LLDDDDD", "LLDDDDL", "LLDDDLL", "LLDLDDD", "LLDLLDD", "LLLLDDD", "LLLDDLL", "LLLDLDD", "LLLDDLD"),
    *("LLLDLLD", "LLLLLDD", "LLLDDDDD", "LLLDDDDL", "LLLDDDLL", "LLLLDDL", "LLLLDLL", "LLLDDDD"),
)

EUROPE = (
    Country(
        "DE",
        "Germany",
        ("L{2,5}[123456789]D{0,3}[EH]?", "L{1,3}[123456789]D{2,5}"),
        "FZV, annexes on plates: district, one or two letters, up to four digits, E electric, H historic; at most "
        "eight characters. Authorities have no letters after the district. Umlauts are spelled without their dots here",
        longest=8,
    ),
    Country(
        "AT",
        "Austria",
        ("L{1,2}[123456789]D{0,4}L{1,3}", "L{1,2}L{1,5}[123456789]D{0,3}", "L{1,2}[123456789]D{2,5}"),
        "KFG § 48 and KDV: authority, digits and letters; letters first where the owner chose them",
        longest=8,
    ),
    Country("CH", "Switzerland", (_SWISS + "[123456789]D{0,5}",), "VZV art. 84: canton and up to six digits"),
    Country("LI", "Liechtenstein", ("<FL>[123456789]D{0,5}",), "VZV of Liechtenstein: FL and up to six digits"),
    Country(
        "FR",
        "France",
        ("LLDDDLL", "[123456789]D{0,3}L{2,3}DD", "[123456789]D{0,3}L{2,3}[2][AB]"),
        "Order of 9 February 2009 (SIV), without I, O, U; before it: number, letters, department",
        without="IOU",
    ),
    Country(
        "IT",
        "Italy",
        ("LLDDDLL", "LLDDDDD"),
        "D.P.R. 495/1992 art. 256 ff., series of 1994 and motorcycles",
        without="IOQU",
    ),
    Country(
        "ES",
        "Spain",
        ("DDDDLLL", "[ABCGHILMNOPSTVZ][ABCEFGHIJLMNOPRSTUVZ]?DDDD[ABCDFGHJKLMNPRSTVWXYZ]{1,2}"),
        "RD 2822/1998, annex XVIII: four digits and three consonants; before it: province, four digits, letters",
        without="AEIOQU",
    ),
    Country("NL", "Netherlands", _DUTCH, "RDW, sidecodes 1 to 14", without="CIQ", longest=6),
    Country(
        "BE",
        "Belgium",
        ("[12345678]LLLDDD", "LLLDDD", "DDDLLL", "[9]LLLDDD"),
        "Royal decree of 20 July 2001 as amended in 2010: index, three letters, three digits; the two series before it",
        longest=7,
    ),
    Country(
        "LU", "Luxembourg", ("LLDDDD", "D{4,5}"), "Grand-ducal regulation of 17 June 2003", without="IO", longest=6
    ),
    Country(
        "PL",
        "Poland",
        _POLISH,
        "Ordinance on the registration of vehicles, annex on plates: two or three letters of the district, then the "
        "stock of shapes for five or four places; before 2000 three letters and four digits",
        longest=8,
    ),
    Country(
        "GB",
        "United Kingdom",
        ("LLDDLLL", "LD{1,3}LLL", "LLLD{1,3}L", "L{1,3}D{1,4}", "D{1,4}L{1,3}"),
        "DVLA, INF104: series of 2001, prefix, suffix, and those without a date, Northern Ireland's among them",
        without="Q",
        longest=7,
    ),
    Country(
        "IE",
        "Ireland",
        ("DD[12]?" + _IRISH + "[123456789]D{0,5}",),
        "S.I. 318/1992 as amended in 2013: year, half of the year, county, number",
    ),
    Country(
        "DK", "Denmark", ("LLDDDDD",), "Order on registration of vehicles: two letters, five digits", without="IOQ"
    ),
    Country(
        "SE", "Sweden", ("LLLDDD", "LLLDDL"), "Transportstyrelsen: series of 1972 and 2019", without="IQV", longest=6
    ),
    Country(
        "NO",
        "Norway",
        ("LLDDDDD", "LLDDDD"),
        "Statens vegvesen: two letters, five digits; four for trailers",
        without="IOQ",
    ),
    Country("FI", "Finland", ("L{2,3}D{1,3}",), "Traficom: two or three letters, one to three digits", longest=6),
    Country(
        "IS", "Iceland", ("LLXDD", "LLDDD"), "Samgöngustofa: two letters, a letter or a digit, two digits", longest=5
    ),
    Country(
        "CZ",
        "Czechia",
        ("[123456789][ABCEHJKLMPSTUZ]XDDDD", "<EL EV>DDDLL", "<EL>D{3,4}L{1,2}", "L{2,3}DDDD"),
        "Decree 343/2014: region in the second place, no G, O, Q, W; before 2001: two or three letters and four digits",
        without="GOQW",
    ),
    Country(
        "SK",
        "Slovakia",
        ("LLDDDLL",),
        "Act 8/2009 § 123 and decree 9/2009: two letters, three digits, two letters",
        longest=7,
    ),
    Country("HU", "Hungary", ("LLLDDD", "LLLLDDD"), "KPM-BM decrees: series of 1990 and 2022", without="Q", longest=7),
    Country(
        "PT",
        "Portugal",
        ("LLDDDD", "DDDDLL", "DDLLDD", "LLDDLL"),
        "DL 54/2005 and DL 2/2020: the four series",
        longest=6,
    ),
    Country(
        "RO",
        "Romania",
        (_ROMANIAN + "DDLLL", "<B>D{2,3}LLL"),
        "OMAI 1501/2006: county, two digits (Bucharest three), three letters",
        without="Q",
        longest=7,
    ),
    Country(
        "BG", "Bulgaria", ("L{1,2}DDDDLL",), "Ordinance I-45: letters that both scripts share", without="DFGIJLNQRSUVWZ"
    ),
    Country(
        "GR",
        "Greece",
        ("LLLDDDD", "LLDDDD"),
        "Letters that both scripts share, three and four digits",
        without="CDFGJLQRSUVW",
    ),
    Country(
        "TR",
        "Türkiye",
        ("[012345678]DLD{4,5}", "[012345678]DLLD{3,4}", "[012345678]DLLLD{2,3}"),
        "Highway traffic regulation: province 01 to 81, one to three letters, the rest digits",
        without="QWX",
        longest=8,
    ),
    Country(
        "LT",
        "Lithuania",
        ("LLLDDD", "LLDDDD"),
        "Regitra: three letters and three digits; electric two and four",
        longest=6,
    ),
    Country("LV", "Latvia", ("LL[123456789]D{0,3}",), "CSDD: two letters, one to four digits", longest=6),
    Country(
        "EE",
        "Estonia",
        ("DDDLLL", "DDLLL"),
        "Transpordiamet: three digits (motorcycles two) and three letters",
        longest=6,
    ),
    Country(
        "HR", "Croatia", (_CROATIAN + "D{3,4}L{1,2}",), "Ordinance on registration: town, digits, letters", longest=8
    ),
    Country(
        "SI", "Slovenia", (_SLOVENE + "X{5,5}",), "Rules on registration: region and five letters and digits", longest=7
    ),
    Country("RS", "Serbia", ("LLD{3,5}LL",), "Rulebook on registration of 2010: town, number, two letters", longest=9),
    Country(
        "BA",
        "Bosnia and Herzegovina",
        ("LDDLDDD",),
        "Seven places, letters that both scripts share",
        without="BCDFGHILNPQRSUVWXYZ",
    ),
    Country("ME", "Montenegro", ("LLLLDDD",), "Town, two letters, three digits", longest=7),
    Country("MK", "North Macedonia", ("LLDDDDLL", "LLDDDLL"), "Town, number, two letters", longest=8),
    Country("AL", "Albania", ("LLDDDLL",), "Series of 2011: as Italy's", without="IOQU", longest=7),
    Country(
        "UA",
        "Ukraine",
        ("LLDDDDLL",),
        "DSTU 4278: region, four digits, series, of the letters that both scripts share",
        without="DFGJLNQRSUVWYZ",
        longest=8,
    ),
    Country("MD", "Moldova", ("LLLDDD",), "Series of 2015: three letters and three digits", without="Q", longest=6),
)
