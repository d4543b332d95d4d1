"""Roles of tracks in a song, and the General MIDI programs that usually play them."""

import re
from collections.abc import Iterable
from typing import get_args

from muse.tools.song.document import Role

ROLES: tuple[Role, ...] = get_args(Role)

# General MIDI program (0 to 127) for a role whose instrument is unknown
ROLE_PROGRAMS: dict[Role, int] = {
    "lead": 80,  # square lead
    "vocals": 53,  # voice oohs
    "keys": 4,  # electric piano 1
    "guitar": 27,  # clean electric guitar
    "bass": 33,  # fingered electric bass
    "drums": 0,  # standard kit, on channel 10
    "pad": 89,  # warm pad
    "other": 4,  # electric piano 1
}

# role of each General MIDI family of eight programs, in order
FAMILY_ROLES: tuple[Role, ...] = (
    "keys",  # pianos
    "keys",  # chromatic percussion
    "keys",  # organs
    "guitar",
    "bass",
    "lead",  # solo strings
    "pad",  # ensembles
    "lead",  # brass
    "lead",  # reeds
    "lead",  # pipes
    "lead",  # synth leads
    "pad",  # synth pads
    "other",  # synth effects
    "other",  # ethnic
    "other",  # percussive
    "other",  # sound effects
)

# role by the name of a track; the first match counts
NAME_PATTERNS: tuple[tuple[str, Role], ...] = (
    (r"drum|perc|kit", "drums"),
    (r"bass", "bass"),
    (r"voc|voice|sing", "vocals"),
    (r"melod|lead|solo", "lead"),
    (r"guitar|gtr", "guitar"),
    (r"pad|strings", "pad"),
    (r"piano|keys|organ|rhodes|e\.?p\b", "keys"),
)


# names of drum tracks on other channels than the tenth, and of pitched instruments among them
DRUM_NAMES = re.compile(r"\b(drums?|drum ?(kit|set)|percussions?|perc|kit)\b", re.IGNORECASE)
PITCHED_NAMES = re.compile(r"steel|mallet|tuned|pitched|timp|taiko|bass(?! ?drum)", re.IGNORECASE)
KIT_PROGRAMS = frozenset({0, 8, 16, 24, 25, 32, 40, 48, 56})  # drum kits of Roland GS
KIT_KEYS = range(27, 88)  # of the drum kits of General MIDI 2


def plays_drums(name: str, program: int, pitches: Iterable[int]) -> bool:
    """Return whether a track is a drum kit by its name, whatever its channel.

    Its program must be one of a kit (0 if none is written), and all its pitches those of drums.
    """
    is_named = DRUM_NAMES.search(name) and not PITCHED_NAMES.search(name)
    return bool(is_named) and program in KIT_PROGRAMS and all(p in KIT_KEYS for p in pitches)


def role_of(name: str, program: int, is_drum: bool) -> Role:
    """Return the role of a track: drums if `is_drum`, else by its name, else by its program."""
    if is_drum:
        return "drums"
    return role_by_name(name) or FAMILY_ROLES[program // 8]


def role_by_name(name: str) -> Role | None:
    """Return the role that the name of a pitched track states; None if it states none."""
    roles = (role for pattern, role in NAME_PATTERNS if re.search(pattern, name.lower()))
    return next((role for role in roles if role != "drums"), None)


def leading_index(names: Iterable[str]) -> int | None:
    """Return the index of the first track that is named as a melody or voice; None without one."""
    roles = enumerate(map(role_by_name, names))
    return next((index for index, role in roles if role in ("lead", "vocals")), None)
