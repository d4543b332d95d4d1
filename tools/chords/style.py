"""Styles: tempo, keys, voicing, swing, patterns of keys and bass, and extensions of triads.

Conventions: a pattern maps the duration of a chord in counted beats (dotted quarters in 6/8 and
similar meters) to strokes, "beat:duration:velocity". Bass strokes add a degree; `to` is a step
below or above the next bass. In uneven meters, such as 7/8, each group of units has a cell of
strokes by its size and its place in the bar, in units; the first group is the loudest, and the bass
leads into the next bar from the last one. Swing is the percentage of a pair that its first half
takes, 50 to 75; pairs are of eighths or of sixteenths.

Source of the extensions: Levine, "The Jazz Piano Book". Major triads on I and IV become major
sevenths, other major triads dominant sevenths. The minor tonic, and iv of a major key, get a sixth,
other minor triads a seventh.
"""

from dataclasses import dataclass, replace
from typing import Literal

from muse.tools.datasets.chord_events import Style
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Mode, Tonality

Pattern = dict[int, str]
GroupPlace = Literal["first", "other", "last"]
GroupCells = dict[int, dict[GroupPlace, str]]
EIGHTHS, SIXTEENTHS = 2, 4  # per counted beat

# General MIDI programs
PIANO, ELECTRIC_PIANO, DRAWBAR_ORGAN = 0, 4, 16
ACOUSTIC_BASS, FINGERED_BASS, PICKED_BASS = 32, 33, 34


@dataclass(frozen=True)
class PlayingStyle:
    """How a style is played.

    Attributes:
        tempos: slowest and fastest, counted beats per minute.
        tonics: names of the common tonics, by mode.
        minor_share: probability of a minor key, 0 to 1.
        voicing: a style of theory.voicing.
        keys_program, bass_program: General MIDI programs.
        swing: percentage, and the subdivision of a beat that it applies to.
        behind_ms: delay behind the beat of the keys and of the bass.
        uneven_ms: standard deviation of onsets.
        roll_ms: delay between the notes of a chord, from the lowest up.
        push: probability that the keys anticipate a chord, 0 to 1, and by how many beats.
        chromatic_bass: whether the bass approaches the next root by a half step; if not, by a step
            of the key.
        hands, bass: patterns to choose from.
        hand_groups, bass_groups: cells of uneven meters.
    """

    tempos: tuple[int, int]
    tonics: dict[Mode, str]
    minor_share: float
    voicing: str
    keys_program: int
    bass_program: int
    swing: tuple[float, int]
    behind_ms: tuple[float, float]
    uneven_ms: float
    roll_ms: float
    push: tuple[float, float]
    chromatic_bass: bool
    hands: tuple[Pattern, ...]
    bass: tuple[Pattern, ...]
    hand_groups: GroupCells
    bass_groups: GroupCells


def swing_beat(beat: float, playing: PlayingStyle, unit: float = 1.0) -> float:
    """Delay a beat that is the second half of a swung pair; dotted beats are not swung.

    Args:
        beat: from the song's start.
        playing: the style.
        unit: length of a counted beat in quarter notes.
    """
    percent, parts = playing.swing
    if unit != 1.0 or beat * parts % 2 != 1:
        return beat
    return beat + (percent - 50) / 100 * 2 / parts


ROLLING_HANDS: tuple[Pattern, ...] = (
    {
        1: "0:.95:72",
        2: "0:1:74 1:.6:60 1.667:.3:54",
        3: "0:1:74 1:.6:60 1.667:.3:54 2:.9:64",
        4: "0:1:74 1:.6:60 1.667:.3:54 2:1.5:70 3.667:.3:56",
    },
    {1: "0:.6:72 .667:.3:56", 2: "0:.667:74 .667:.3:54 1:.6:64 1.667:.3:56"},
)
ROLLING_BASS: tuple[Pattern, ...] = (
    {
        1: "0:.9:90:root",
        2: "0:1.6:92:root 1.667:.3:80:to",
        3: "0:1.6:92:root 1.667:.3:78:root 2:.6:86:fifth 2.667:.3:80:to",
        4: "0:1.6:92:root 1.667:.3:78:root 2:1.5:88:fifth 3.667:.3:80:to",
    },
)

PLAYING_STYLES: dict[Style, PlayingStyle] = {
    "pop": PlayingStyle(
        tempos=(84, 118),
        tonics={"major": "C G D A F Bb Eb", "minor": "A E D B C"},
        minor_share=0.3,
        voicing="closed",
        keys_program=PIANO,
        bass_program=FINGERED_BASS,
        swing=(50.0, SIXTEENTHS),
        behind_ms=(0.0, 0.0),
        uneven_ms=5.0,
        roll_ms=3.0,
        push=(0.15, 0.5),
        chromatic_bass=False,
        hands=(
            {
                1: "0:.95:76",
                2: "0:.95:76 1:.95:64",
                3: "0:.95:76 1:.95:62 2:.95:66",
                4: "0:.95:78 1:.95:62 2:.95:70 3:.95:62",
            },
            {
                1: "0:.95:76",
                2: "0:1.45:78 1.5:.45:64",
                3: "0:1.45:78 1.5:1.45:66",
                4: "0:1.45:78 1.5:1.45:66 3:.95:70",
            },
            {1: "0:.95:74", 2: "0:1.9:74", 3: "0:2.9:74", 4: "0:2.9:76 3:.45:58 3.5:.45:62"},
        ),
        bass=(
            {
                1: "0:.9:92:root",
                2: "0:1.4:92:root 1.5:.45:82:root",
                3: "0:1.4:92:root 1.5:1.4:84:root",
                4: "0:1.4:94:root 1.5:.45:80:root 2:1.4:88:root 3.5:.45:80:to",
            },
            {1: "0:.9:92:root", 2: "0:1.9:92:root", 4: "0:1.9:92:root 2:1.9:86:fifth"},
        ),
        hand_groups={
            2: {"first": "0:1.9:80", "other": "0:1.9:68", "last": "0:1.9:68"},
            3: {"first": "0:1.9:80 2:.9:58", "other": "0:1.9:70", "last": "0:1.9:72 2:.9:60"},
        },
        bass_groups={
            2: {
                "first": "0:1.9:96:root",
                "other": "0:1.9:84:root",
                "last": "0:.9:86:fifth 1:.9:78:to",
            },
            3: {
                "first": "0:1.9:96:root 2:.9:78:root",
                "other": "0:2.8:86:fifth",
                "last": "0:1.9:88:fifth 2:.9:78:to",
            },
        },
    ),
    "soul": PlayingStyle(
        tempos=(72, 104),
        tonics={"major": "F Bb Eb Ab C G", "minor": "F C G A D"},
        minor_share=0.35,
        voicing="drop-2",
        keys_program=ELECTRIC_PIANO,
        bass_program=FINGERED_BASS,
        swing=(54.0, SIXTEENTHS),
        behind_ms=(12.0, 6.0),
        uneven_ms=6.0,
        roll_ms=4.0,
        push=(0.2, 0.25),
        chromatic_bass=False,
        hands=(
            {
                1: "0:.7:74",
                2: "0:.7:76 1:.4:64 1.5:.4:60",
                3: "0:1.2:76 1.5:.4:62 2:.9:66",
                4: "0:.7:76 1:.4:60 1.75:.2:54 2.5:.4:68 3:.9:64",
            },
            {
                1: "0:.9:72",
                2: "0:1.4:74 1.75:.2:56",
                3: "0:1.4:74 1.75:1.1:62",
                4: "0:1.4:74 1.75:.7:60 2.5:1.3:68",
            },
        ),
        bass=(
            {
                1: "0:.9:92:root",
                2: "0:.7:94:root .75:.2:74:root 1.5:.45:82:to",
                3: "0:1.2:94:root 1.5:.45:80:fifth 2:.9:84:octave",
                4: "0:.7:96:root .75:.2:72:root 1.5:.45:84:fifth 2:.9:88:octave 3.5:.45:82:to",
            },
            {
                1: "0:.9:92:root",
                2: "0:1.4:92:root 1.5:.45:82:fifth",
                4: "0:1.4:94:root 1.75:.2:72:octave 2.5:.9:86:root 3.5:.45:82:to",
            },
        ),
        hand_groups={
            2: {"first": "0:1.4:78", "other": "0:.8:62 1:.6:54", "last": "0:1.4:66"},
            3: {"first": "0:1.9:78 2:.6:56", "other": "0:1.9:68", "last": "0:1.4:70 2:.7:60"},
        },
        bass_groups={
            2: {
                "first": "0:1.4:96:root 1.5:.4:72:root",
                "other": "0:1.8:84:octave",
                "last": "0:.9:86:fifth 1:.9:80:to",
            },
            3: {
                "first": "0:1.9:96:root 2:.9:76:root",
                "other": "0:1.9:86:octave 2:.9:74:fifth",
                "last": "0:1.9:88:fifth 2:.9:80:to",
            },
        },
    ),
    "rock": PlayingStyle(
        tempos=(96, 138),
        tonics={"major": "E A D G C", "minor": "E A B D F#"},
        minor_share=0.3,
        voicing="closed",
        keys_program=DRAWBAR_ORGAN,
        bass_program=PICKED_BASS,
        swing=(50.0, EIGHTHS),
        behind_ms=(0.0, -3.0),
        uneven_ms=5.0,
        roll_ms=0.0,
        push=(0.15, 0.5),
        chromatic_bass=False,
        hands=(
            {
                1: "0:.45:84 .5:.45:72",
                2: "0:.45:86 .5:.45:72 1:.45:78 1.5:.45:72",
                4: "0:.45:86 .5:.45:72 1:.45:78 1.5:.95:80 2.5:.45:72 3:.45:80 3.5:.45:72",
            },
            {1: "0:.9:82", 2: "0:1.9:82", 3: "0:2.9:82", 4: "0:1.4:86 1.5:1.4:78 3:.9:80"},
        ),
        bass=(
            {
                1: "0:.45:98:root .5:.45:88:root",
                2: "0:.45:98:root .5:.45:86:root 1:.45:92:root 1.5:.45:86:root",
                4: "0:.45:98:root .5:.45:86:root 1:.45:92:root 1.5:.45:86:root "
                "2:.45:96:root 2.5:.45:86:root 3:.45:90:fifth 3.5:.45:86:to",
            },
            {1: "0:.9:96:root", 2: "0:1.4:96:root 1.5:.45:86:root"},
        ),
        hand_groups={
            2: {"first": "0:.9:90 1:.9:72", "other": "0:.9:82 1:.9:72", "last": "0:.9:82 1:.9:74"},
            3: {
                "first": "0:.9:90 1:.9:72 2:.9:72",
                "other": "0:.9:84 1:.9:72 2:.9:72",
                "last": "0:.9:84 1:.9:72 2:.9:76",
            },
        },
        bass_groups={
            2: {
                "first": "0:.9:100:root 1:.9:86:root",
                "other": "0:.9:94:root 1:.9:86:root",
                "last": "0:.9:94:root 1:.9:88:to",
            },
            3: {
                "first": "0:.9:100:root 1:.9:86:root 2:.9:86:root",
                "other": "0:.9:94:root 1:.9:86:root 2:.9:86:root",
                "last": "0:.9:94:root 1:.9:86:fifth 2:.9:88:to",
            },
        },
    ),
    "jazz": PlayingStyle(
        tempos=(108, 168),
        tonics={"major": "F Bb Eb C Ab G Db", "minor": "C G D F A"},
        minor_share=0.25,
        voicing="rootless",
        keys_program=PIANO,
        bass_program=ACOUSTIC_BASS,
        swing=(64.0, EIGHTHS),
        behind_ms=(10.0, 0.0),
        uneven_ms=7.0,
        roll_ms=2.0,
        push=(0.3, 0.5),
        chromatic_bass=True,
        hands=(
            {
                1: "0:.5:70",
                2: "0:.9:72 1.5:.35:64",
                3: "0:.9:72 1.5:.4:64",
                4: "0:1.2:74 1.5:.35:64",
            },
            {1: "0:.5:70", 2: ".5:.4:66 1.5:.35:62", 4: ".5:.4:66 1.5:.35:60 3:.9:70"},
            {1: "0:.5:70", 2: "0:1.4:70", 3: "0:1.9:70", 4: "0:.35:70 1.5:1.9:66"},
        ),
        bass=(
            {
                1: "0:.92:88:root",
                2: "0:.92:90:root 1:.92:84:to",
                3: "0:.92:90:root 1:.92:84:third 2:.92:84:to",
                4: "0:.92:90:root 1:.92:84:third 2:.92:88:fifth 3:.92:84:to",
            },
            {
                1: "0:.92:88:root",
                2: "0:.92:90:root 1:.92:84:fifth",
                4: "0:.92:90:root 1:.92:84:fifth 2:.92:88:octave 3:.92:84:to",
            },
        ),
        hand_groups={
            2: {"first": "0:1.2:74", "other": "1:.7:62", "last": "0:1.2:68"},
            3: {"first": "0:1.8:74", "other": "0:.8:68 2:.6:60", "last": "0:1.2:70 2:.7:62"},
        },
        bass_groups={
            2: {"first": "0:1.9:92:root", "other": "0:1.9:84:third", "last": "0:1.9:86:to"},
            3: {
                "first": "0:1.9:92:root 2:.9:76:octave",
                "other": "0:1.9:86:third 2:.9:76:fifth",
                "last": "0:1.9:88:fifth 2:.9:82:to",
            },
        },
    ),
    "neo-soul": PlayingStyle(
        tempos=(68, 96),
        tonics={"major": "Eb Ab Db F Bb D C E", "minor": "C F Bb Eb G A D C#"},
        minor_share=0.42,
        voicing="neo-soul",
        keys_program=ELECTRIC_PIANO,
        bass_program=FINGERED_BASS,
        swing=(58.0, SIXTEENTHS),
        behind_ms=(22.0, 10.0),
        uneven_ms=7.0,
        roll_ms=7.0,
        push=(0.25, 0.25),
        chromatic_bass=True,
        hands=(
            {
                1: "0:.9:70",
                2: "0:1.6:72 1.75:.2:52",
                3: "0:1.6:72 1.75:1.1:60",
                4: "0:1.6:72 1.75:.6:56 2.5:1.4:66",
            },
            {
                1: "0:.7:72",
                2: "0:.7:74 .75:.45:56 1.5:.4:62",
                3: "0:.7:74 .75:.6:56 1.75:.45:62 2.5:.4:58",
                4: "0:.7:76 .75:.45:56 1.5:.7:64 2.25:.2:50 2.75:.7:68 3.75:.2:54",
            },
            {1: "0:.9:68", 2: "0:1.9:68", 3: "0:2.6:70", 4: "0:2.6:70 2.75:1.2:58"},
        ),
        bass=(
            {
                1: "0:.9:90:root",
                2: "0:1.4:92:root 1.75:.2:72:to",
                3: "0:1.6:92:root 1.75:.9:80:fifth",
                4: "0:1.6:92:root 1.75:.45:72:octave 2.5:1:84:root 3.75:.2:76:to",
            },
            {
                1: "0:.9:90:root",
                2: "0:1.4:92:root 1.5:.45:80:to",
                4: "0:1.4:92:root 1.75:.2:74:root 2:.9:86:fifth 3:.4:82:octave 3.5:.45:80:to",
            },
            {1: "0:.9:90:root", 2: "0:1.8:92:root", 4: "0:2.4:92:root 2.75:1.1:80:root"},
        ),
        hand_groups={
            2: {"first": "0:1.8:76", "other": "1:.9:58", "last": "0:1.8:66"},
            3: {"first": "0:1.9:76 2:.9:54", "other": "0:2.8:66", "last": "0:1.4:68 1.5:1.3:58"},
        },
        bass_groups={
            2: {
                "first": "0:1.9:96:root",
                "other": "0:1.4:82:root 1.5:.4:70:octave",
                "last": "0:.9:84:fifth 1.5:.4:74:to",
            },
            3: {
                "first": "0:1.9:96:root 2:.9:74:octave",
                "other": "0:2.8:84:fifth",
                "last": "0:1.9:86:fifth 2:.9:76:to",
            },
        },
    ),
}


Qualities = dict[int | None, str]

EXTENDED_STYLES: tuple[Style, ...] = ("jazz",)
# quality by semitones above the tonic, None for all others: lead sheets of the swing era have
# triads where players add sixths and sevenths
MAJOR_CHORDS: Qualities = {2: "7", 4: "7", 7: "7", 9: "7", 10: "7", 11: "7", None: "maj7"}
MINOR_CHORDS: dict[Mode, Qualities] = {
    "major": {5: "min6", None: "min7"},
    "minor": {0: "min6", None: "min7"},
}


def played_symbol(symbol: ChordSymbol, key: Tonality, style: Style) -> ChordSymbol:
    """Extend a triad as the style plays it; other chords are returned unchanged."""
    if style not in EXTENDED_STYLES or symbol.root_pc is None or symbol.added or symbol.omitted:
        return symbol
    degree = (symbol.root_pc - key.tonic_pc) % 12
    tables: dict[str, Qualities] = {
        "maj": MAJOR_CHORDS,
        "min": MINOR_CHORDS[key.mode],
        "dim": {None: "dim7"},
    }
    table = tables.get(symbol.quality)
    if table is None:
        return symbol
    return replace(symbol, quality=table.get(degree) or table[None])
