"""Fields of chord charts: `key: Eb major; tempo: 78`, names in other programs, and values."""

import re

from muse.tools.datasets.chart_symbols import NOTATIONS
from muse.tools.errors import BadInputError
from muse.tools.song.meter import parse_meter
from muse.tools.song.tempo_map import FASTEST_BPM, SLOWEST_BPM
from muse.tools.theory.keys import parse_key

STRAIGHT = 50.0  # percent: both sixteenths have the same length
SWING_RANGE = (STRAIGHT, 80.0)  # percent
BEHIND_RANGE = (-100.0, 200.0)  # ms
NUMBER_RANGES = {"tempo": (SLOWEST_BPM, FASTEST_BPM), "swing": SWING_RANGE, "behind": BEHIND_RANGE}

FIELD = re.compile(r"\s*([A-Za-z]+)\s*([:=])\s*(.*?)\s*$")
TEXT_FIELDS = {"title", "idea"}  # their value is the rest of the line, semicolons included
MUSIC_FIELDS = ("meter", "tempo", "key")  # in this order: the tempo depends on the meter
FIELDS = (*sorted(TEXT_FIELDS), *MUSIC_FIELDS, "swing", "behind", "tags", "notes")
SAME_FIELD = {
    **dict.fromkeys(("metre", "time", "timesig", "signature"), "meter"),
    "bpm": "tempo",
    "names": "notes",
}
# fields of other programs that say nothing about the chords; DBKeySig is a signature, not a key
IGNORED_FIELDS = {
    *("album", "artist", "author", "bars", "by", "comment", "composedby", "composer", "copyright"),
    *("dbkeysig", "feel", "form", "genre", "lyricist", "rhythm", "source", "style", "subtitle"),
    *("words", "year"),
}
UNAPPLIED_FIELDS = {"capo"}  # noted, since chords are read as written


def match_field(line: str) -> tuple[str, str] | None:
    """Return name and value if a line begins with a field that charts have, else None."""
    found = FIELD.match(line)
    if found is None:
        return None
    name = SAME_FIELD.get(found[1].lower(), found[1].lower())
    known = name in FIELDS or name in IGNORED_FIELDS or name in UNAPPLIED_FIELDS
    return (name, found[3]) if known else None


def looks_like_field(line: str) -> bool:
    """Return whether a line has the form of a field, of any name."""
    found = FIELD.match(line)
    return found is not None and bool(found[3])


def is_assignment(line: str) -> bool:
    """Return whether a field is written with an equals sign: `TimeSig = 4 4`."""
    found = FIELD.match(line)
    return found is not None and found[2] == "="


def split_fields(line: str) -> list[tuple[str, str]]:
    """Return the fields of a line; all but the text fields may share it, with semicolons between.

    Raises:
        BadInputError: a part is not a field, or a value is invalid.
    """
    first = match_field(line)
    whole_line = first is not None and first[0] in TEXT_FIELDS | IGNORED_FIELDS
    fields = []
    for part in [line] if whole_line else line.split(";"):
        field = match_field(part)
        if field is None:
            known = ", ".join(FIELDS)
            raise BadInputError(f"'{part.strip()}' is not a field with a value (fields: {known})")
        fields.append((field[0], checked_value(*field)))
    return fields


def checked_value(name: str, value: str) -> str:
    """Return the value of a field in its usual form; raises BadInputError if it is invalid."""
    if name == "meter":
        value = METER_WORDS.get(value.lower(), "/".join(value.split()) if " " in value else value)
        parse_meter(value)
    if name == "key":
        parse_key(value)
    if name == "tempo":
        value = re.sub(r"\s*bpm$", "", value, flags=re.IGNORECASE)
    if name == "notes":
        value = NOTATION_WORDS.get(value.lower(), value.lower())
        if value not in NOTATIONS:
            raise BadInputError(f"notes is '{value}', not one of {', '.join(NOTATIONS)}")
    if name in NUMBER_RANGES:
        parse_number(name, value)
    return value


METER_WORDS = {"c": "4/4", "common": "4/4", "c|": "2/2", "cut": "2/2"}
NOTATION_WORDS = {"solfège": "solfege", "numbers": "nashville", "deutsch": "german"}


def parse_number(key: str, value: str) -> float:
    """Parse a number and check the range of its field; raises BadInputError."""
    low, high = NUMBER_RANGES[key]
    if not re.fullmatch(r"-?\d+(\.\d+)?", value) or not low <= float(value) <= high:
        raise BadInputError(f"{key} is '{value}', not a number from {low:g} to {high:g}")
    return float(value)
