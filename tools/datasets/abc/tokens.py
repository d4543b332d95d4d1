"""The signs of a line of ABC music, as one regular expression with a named group for each kind.

Source: the ABC standard 2.1, section 4.
"""

import re
from functools import lru_cache

LENGTH = r"\d*(?:/\d*)*"
ACCIDENTAL = r"(?:(?:\^\^?|__?|=)(?:\d+(?:/\d+)?|/\d*)?)?"  # with the fraction of a microtone
NOTE = rf"({ACCIDENTAL})([A-Ga-g])([',]*)({LENGTH})"
# the order matters: of two kinds that fit, the first is taken
KINDS: tuple[tuple[str, str], ...] = (
    (
        "note",
        rf"(?P<accidental>{ACCIDENTAL})(?P<letter>[A-Ga-g])(?P<octave>[',]*)(?P<length>{LENGTH})",
    ),
    ("rest", rf"[zx](?P<rest_length>{LENGTH})"),
    ("bar", r"(?:\[\|\]?|\|\]|\||:)+(?:\ ?(?P<bar_endings>\d[\d,.-]*))?"),
    ("broken", r">+|<+"),
    ("tuplet", r"\((?P<notes>\d{1,3})(?::(?P<time>\d{0,3}))?(?::(?P<count>\d{0,3}))?"),
    ("tie", r"\.?-"),
    ("blank", r"(?:[\s`$*\\)~.;]|\((?!\d))+|[H-Wh-w]|y[\d/.]*"),
    ("text", r'"(?P<words>[^"]*)"'),
    ("field", r"\[\s*(?P<name>[A-Za-z]):(?P<value>[^\]]*)\]"),
    ("ending", r'\[\s*(?:(?P<numbers>\d[\d,.-]*)|"(?P<named>[^"|]*)"(?![^][|]*\]))'),
    ("chord", rf'\[(?P<inside>(?:"[^"]*"|[^]\["|])*)\](?P<chord_length>{LENGTH})'),
    ("grace", r"\{(?P<graces>[^}]*)\}"),
    (
        "old_chord",
        rf"\+(?P<old_inside>\s*(?:{ACCIDENTAL}[A-Ga-g][',]*{LENGTH}\s*){{2,}})\+(?P<old_length>{LENGTH})",
    ),
    ("decoration", r"!(?P<mark>[^\s!|]+)!|\+[^\s+|]+\+"),
    ("line_break", r"!(?![^\s!|]*!)"),
    ("bars_of_rest", r"[ZX](?P<bars>\d{0,4})"),
    ("overlay", r"&"),
    ("unclosed", r'["\[{]'),
    ("unread", r"."),
)
TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in KINDS), re.DOTALL)
PART_OF_CHORD = re.compile(rf'(?P<note>{NOTE})|"(?P<words>[^"]*)"|(?P<tie>\.?-)|(?P<other>.)')


@lru_cache(maxsize=1024)
def parse_endings(text: str) -> frozenset[int]:
    """Return the numbers of an ending such as "1,3" or "2-4"."""
    numbers: set[int] = set()
    for part in re.split(r"[,.]", text):
        first, *last = (int(word) for word in re.findall(r"\d{1,3}", part)[:2] or ["0"])
        numbers |= set(range(first, (last or [first])[0] + 1))
    return frozenset(numbers - {0})
