"""Roles of tracks in a song, and the General MIDI programs that usually play them."""

import re
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


def role_of(name: str, program: int, is_drum: bool) -> Role:
    """Return the role of a track: drums if `is_drum`, else by its name, else by its program."""
    if is_drum:
        return "drums"
    for pattern, role in NAME_PATTERNS:
        if role != "drums" and re.search(pattern, name.lower()):
            return role
    return FAMILY_ROLES[program // 8]
