"""General MIDI instruments for clips of intervals, and their split into train, validation and test.

Conventions: programs are numbered 0 to 127 as in MIDI messages; pitches are MIDI. A range holds the
pitches that the instrument plays and at which two soundfonts, FluidR3_GM and TimGM6mb, sound at the
right pitch: notes from A1 to A6 were played alone, and their spectrum and a YIN estimate compared
with the label. A range ends before the first note where one of the two failed; programs that fail
throughout are in UNUSABLE, with the reason.

The split is by how the sound is made, not by General MIDI's groups of eight alone: bowed strings,
samples of them, and reeds are in test; pipes and the plucked instruments of the group "ethnic" are
in validation. Each split has sustained and decaying sounds, and train has neither a section of
violins nor an oboe under another name.
"""

import re
from dataclasses import dataclass

from muse.tools.errors import ParameterError

PROGRAMS = 128
GROUP = 8  # programs of a General MIDI group
WORD = "gm"
GROUPS = (
    "piano",
    "chromatic-percussion",
    "organ",
    "guitar",
    "bass",
    "strings",
    "ensemble",
    "brass",
    "reed",
    "pipe",
    "lead",
    "pad",
    "effects",
    "ethnic",
    "percussive",
    "sounds",
)
SPLITS = ("train", "validation", "test")

# program: name, lowest and highest pitch
RANGES: dict[int, tuple[str, int, int]] = {
    0: ("acoustic grand piano", 21, 108),
    1: ("bright acoustic piano", 21, 108),
    2: ("electric grand piano", 21, 108),
    3: ("honky-tonk piano", 21, 108),
    4: ("electric piano 1", 28, 103),
    5: ("electric piano 2", 28, 103),
    6: ("harpsichord", 29, 89),
    7: ("clavinet", 29, 88),
    8: ("celesta", 68, 108),
    10: ("music box", 48, 96),
    11: ("vibraphone", 48, 89),
    12: ("marimba", 45, 96),
    13: ("xylophone", 60, 100),
    15: ("dulcimer", 48, 86),
    20: ("reed organ", 29, 96),
    21: ("accordion", 41, 69),
    22: ("harmonica", 48, 71),
    23: ("tango accordion", 36, 74),
    24: ("nylon guitar", 40, 88),
    25: ("steel guitar", 40, 88),
    26: ("jazz guitar", 40, 86),
    27: ("clean electric guitar", 40, 86),
    28: ("muted electric guitar", 40, 79),
    29: ("overdriven guitar", 40, 86),
    30: ("distortion guitar", 40, 86),
    32: ("acoustic bass", 28, 67),
    33: ("fingered bass", 28, 67),
    34: ("picked bass", 28, 67),
    35: ("fretless bass", 28, 67),
    36: ("slap bass 1", 28, 67),
    37: ("slap bass 2", 28, 67),
    38: ("synth bass 1", 28, 72),
    39: ("synth bass 2", 28, 72),
    40: ("violin", 55, 96),
    41: ("viola", 48, 88),
    42: ("cello", 36, 79),
    43: ("contrabass", 28, 57),
    44: ("tremolo strings", 28, 96),
    45: ("pizzicato strings", 28, 91),
    46: ("harp", 51, 100),
    48: ("string ensemble 1", 28, 96),
    49: ("string ensemble 2", 28, 96),
    50: ("synth strings 1", 36, 91),
    51: ("synth strings 2", 36, 96),
    52: ("choir aahs", 43, 79),
    53: ("voice oohs", 43, 84),
    54: ("synth voice", 36, 84),
    56: ("trumpet", 52, 88),
    57: ("trombone", 34, 77),
    58: ("tuba", 28, 65),
    59: ("muted trumpet", 52, 84),
    60: ("french horn", 34, 77),
    61: ("brass section", 36, 88),
    62: ("synth brass 1", 36, 91),
    63: ("synth brass 2", 36, 91),
    64: ("soprano saxophone", 54, 88),
    65: ("alto saxophone", 49, 81),
    66: ("tenor saxophone", 42, 76),
    67: ("baritone saxophone", 36, 69),
    68: ("oboe", 58, 72),
    69: ("english horn", 62, 81),
    70: ("bassoon", 34, 55),
    71: ("clarinet", 50, 94),
    72: ("piccolo", 69, 102),
    73: ("flute", 59, 96),
    74: ("recorder", 59, 96),
    75: ("pan flute", 55, 93),
    76: ("blown bottle", 55, 93),
    77: ("shakuhachi", 57, 88),
    79: ("ocarina", 55, 93),
    80: ("square lead", 33, 96),
    81: ("saw lead", 33, 90),
    82: ("calliope lead", 33, 96),
    83: ("chiff lead", 33, 90),
    84: ("charang lead", 33, 72),
    85: ("voice lead", 33, 96),
    87: ("bass and lead", 33, 96),
    88: ("new age pad", 33, 86),
    89: ("warm pad", 38, 96),
    90: ("polysynth pad", 33, 96),
    91: ("choir pad", 33, 96),
    92: ("bowed pad", 33, 96),
    93: ("metallic pad", 33, 96),
    94: ("halo pad", 33, 96),
    95: ("sweep pad", 33, 96),
    96: ("rain", 33, 96),
    99: ("atmosphere", 33, 96),
    100: ("brightness", 33, 96),
    101: ("goblins", 49, 96),
    102: ("echoes", 33, 96),
    103: ("sci-fi", 33, 96),
    104: ("sitar", 45, 77),
    105: ("banjo", 48, 86),
    106: ("shamisen", 45, 66),
    107: ("koto", 43, 86),
    108: ("kalimba", 50, 89),
    109: ("bagpipe", 50, 81),
    110: ("fiddle", 55, 96),
    111: ("shanai", 50, 86),
    114: ("steel drums", 54, 88),
}

# program: reason why it is not used
UNUSABLE: dict[int, str] = {
    9: "glockenspiel: no partial at the pitch, below F6 in TimGM6mb",
    14: "tubular bells: a strike note that is no partial",
    16: "drawbar organ: a stop an octave below",
    17: "percussive organ: a stop an octave below",
    18: "rock organ: a stop an octave below",
    19: "church organ: a stop an octave below in TimGM6mb",
    31: "guitar harmonics: two octaves above",
    47: "timpani: no harmonic spectrum",
    55: "orchestra hit: a chord",
    78: "whistle: nine semitones below in TimGM6mb",
    86: "fifths lead: two notes",
    97: "soundtrack: two notes",
    98: "crystal: two notes in TimGM6mb",
    112: "tinkle bell: a semitone and more above",
    113: "agogo: an octave above in FluidR3_GM",
    **dict.fromkeys(range(115, 120), "a drum"),
    **dict.fromkeys(range(120, 128), "a noise"),
}

# splits of whole groups, then of programs whose sound belongs to another group
SPLIT_OF_GROUP = {
    "strings": "test",
    "ensemble": "test",
    "reed": "test",
    "pipe": "validation",
    "ethnic": "validation",
}
SPLIT_OF_PROGRAM = {
    **dict.fromkeys((52, 53, 54), "train"),  # voices
    110: "test",  # a violin
    **dict.fromkeys((109, 111), "test"),  # reeds
}


@dataclass(frozen=True)
class Instrument:
    """A General MIDI instrument.

    Attributes:
        program: 0 to 127.
        name: in General MIDI.
        lowest: MIDI pitch.
        highest: MIDI pitch.
    """

    program: int
    name: str
    lowest: int
    highest: int

    @property
    def group(self) -> str:
        """General MIDI's group of eight programs."""
        return GROUPS[self.program // GROUP]

    @property
    def split(self) -> str:
        """Split that the instrument belongs to: train, validation or test."""
        default = SPLIT_OF_GROUP.get(self.group, "train")
        return SPLIT_OF_PROGRAM.get(self.program, default)


INSTRUMENTS = {program: Instrument(program, *row) for program, row in RANGES.items()}


def programs_in_split(split: str) -> tuple[int, ...]:
    """Return the programs of train, validation or test."""
    return tuple(p for p, instrument in INSTRUMENTS.items() if instrument.split == split)


def programs(word: str) -> tuple[int, ...]:
    """Return the programs that a word stands for, without unusable ones.

    Args:
        word: "gm" for all, or "gm:" and a split, a group of GROUPS, or programs: "0-7", "40+42".

    Raises:
        ParameterError: the word is unknown, or all its programs are unusable.
    """
    head, _, rest = word.partition(":")
    if head != WORD:
        raise ParameterError(f"unknown timbre '{word}'")
    if rest in SPLITS:
        return programs_in_split(rest)
    found = numbered(rest or f"0-{PROGRAMS - 1}")
    if rest in GROUPS:
        first = GROUPS.index(rest) * GROUP
        found = tuple(range(first, first + GROUP))
    if found is None:
        known = ", ".join((*SPLITS, *GROUPS))
        raise ParameterError(f"'{word}': gm: needs programs 0 to 127, such as gm:0-7, or {known}")
    usable = tuple(program for program in found if program in INSTRUMENTS)
    if not usable:
        reason = UNUSABLE.get(found[0], "unusable")
        raise ParameterError(f"no program of '{word}' sounds at its pitch ({reason})")
    return usable


def numbered(text: str) -> tuple[int, ...] | None:
    """Return the programs of "0-7" or "40+42", or None for other text."""
    found: list[int] = []
    for part in text.split("+"):
        match = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part)
        if match is None:
            return None
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < PROGRAMS:
            return None
        found += range(first, last + 1)
    return tuple(found)
