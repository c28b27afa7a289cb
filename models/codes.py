"""Short codes that people read aloud: Crockford base 32 with a check character."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_ALPHABET = ALPHABET + "*~$=U"
DIGITS = 7
_MISHEARD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def ticket_code(number: int) -> str:
    """Eight characters such as `7Q3K-M4XW`: seven digits (35 bits of `number`) and a check character.

    The check is the number modulo 37, as Crockford's base 32 defines it: it catches every single
    wrong character and every swap of neighbours.
    """
    value = number & (32**DIGITS - 1)
    digits = "".join(ALPHABET[value >> (5 * place) & 31] for place in reversed(range(DIGITS)))
    text = digits + CHECK_ALPHABET[value % 37]
    return f"{text[:4]}-{text[4:]}"


def read_code(text: str) -> str:
    """The code as we write it, from what a person typed. Raises ValueError when it can't be one."""
    typed = text.strip().upper().translate(_MISHEARD)
    if len(typed) != DIGITS + 1 or any(c not in ALPHABET for c in typed[:DIGITS]):
        raise ValueError(f"{text!r} isn't a ticket code: eight characters are expected, such as 7Q3K-M4XW")
    value = 0
    for character in typed[:DIGITS]:
        value = value << 5 | ALPHABET.index(character)
    if CHECK_ALPHABET[value % 37] != typed[DIGITS]:
        raise ValueError(f"{text!r} has a wrong character: its check doesn't agree")
    return ticket_code(value)
