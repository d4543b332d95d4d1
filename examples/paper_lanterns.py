"""The score of the example song, "Paper Lanterns", in D minor; `compose_example.py` plays it.

Notation: bars are separated by '|'. The chords of a bar divide it evenly. A melody note is
`pitch:beats`, a rest `r:beats`. A drum has one sign for each sixteenth: 'X' accent, 'x' hit, 'g'
ghost note, '.' rest. Each bar of keys, bass and drums is the name of one of the patterns below.
"""

from dataclasses import dataclass

TITLE = "Paper Lanterns"
KEY = "Dm"
BEATS_PER_BAR = 4


@dataclass(frozen=True)
class Section:
    """A section of the song: its tempo, and the chords, melody and patterns of its bars."""

    name: str
    bpm: float
    chords: str
    melody: str
    keys: str
    bass: str
    drums: str


@dataclass(frozen=True)
class Part:
    """An instrument: General MIDI program and channel, mix settings, and timing deviations."""

    name: str
    channel: int
    program: int
    volume: int  # controller 7
    pan: int  # controller 10, 64 is the middle
    reverb: int  # controller 91
    looseness: int  # ticks, the largest deviation from the grid
    delay: int = 0  # ticks behind the beat


PARTS = (
    Part("Lead", 0, 73, volume=101, pan=68, reverb=50, looseness=8, delay=4),
    Part("Keys", 1, 4, volume=98, pan=52, reverb=36, looseness=7),
    Part("Bass", 2, 33, volume=118, pan=64, reverb=0, looseness=5, delay=2),
    Part("Drums", 9, 0, volume=127, pan=64, reverb=16, looseness=4),
)

SECTIONS = (
    Section(
        "Intro",
        100,
        chords="Dm9 | Bbmaj9",
        melody="r:4 | r:4",
        keys="held held",
        bass="rest slide",
        drums="count pickup",
    ),
    Section(
        "Verse",
        100,
        chords="Dm9 | Bbmaj9 | Gm9 | C9sus4 C9 | Fmaj9 | Bbmaj9 | Em7b5 | A7sus4 A7b9",
        # one motif, a fourth up and two steps, answered by a long chord tone: on D, on G, on F
        melody="""
            r:.5 A4:.5 D5:.5 E5:.5 F5:1.5 E5:.5 | D5:1.5 C5:.5 D5:2
            r:.5 D5:.5 G5:.5 A5:.5 Bb5:1.5 A5:.5 | G5:1 F5:1 E5:1.5 r:.5
            r:.5 C5:.5 F5:.5 G5:.5 A5:1.5 G5:.5 | F5:1.5 E5:.5 D5:2
            r:.5 D5:.5 E5:.5 F5:.5 G5:1 Bb5:1 | A5:1 E5:.5 D5:.5 C#5:1 r:.5 E5:.5
        """,
        keys="laid laid laid laid laid laid laid push",
        bass="walk stride walk walk walk stride walk walk",
        drums="verse verse verse turn verse verse verse fill",
    ),
    Section(
        "Chorus",
        112,
        chords="Bbmaj9 | C9 | Am7 | Dm9 | Gm9 | C13 | Fmaj9 | Em7b5 A7b9",
        # the hook leans on the major seventh and comes down a step; later it climbs to D6
        melody="""
            A5:1.5 F5:.5 G5:.5 A5:.5 C6:1 | Bb5:1.5 G5:.5 E5:1.5 r:.5
            G5:1.5 E5:.5 F5:.5 G5:.5 A5:1 | F5:1.5 E5:.5 D5:1.5 r:.5
            Bb5:1.5 G5:.5 A5:.5 Bb5:.5 D6:1 | C6:1.5 A5:.5 G5:1 E5:1
            A5:2 r:.5 C5:.5 F5:.5 G5:.5 | E5:1 G5:.5 Bb5:.5 A5:1 C#5:.5 E5:.5
        """,
        keys="drive drive drive drive drive drive drive drive",
        bass="pump pump pump pump pump pump pump pump",
        drums="crash chorus chorus turn chorus chorus chorus fill",
    ),
    Section(
        "Ending",
        112,
        chords="Gm9 A7b9 | Dm9 | Dm9",
        # the motif once more, and home
        melody="D5:.5 F5:.5 A5:.5 Bb5:.5 A5:1 E5:1 | r:.5 A4:.5 D5:.5 E5:.5 F5:1.5 E5:.5 | D5:3",
        keys="drive laid last",
        bass="pump walk last",
        drums="crash verse last",
    ),
)

# close voicings between C#4 and E4 on top without the root, each a step or less from the next
VOICINGS = """
    Dm9 F3 A3 C4 E4 | Bbmaj9 F3 A3 C4 D4 | Gm9 F3 A3 Bb3 D4 | Am7 E3 G3 A3 C4 | Fmaj9 E3 G3 A3 C4
    C9sus4 F3 G3 Bb3 D4 | C9 E3 G3 Bb3 D4 | C13 E3 A3 Bb3 D4
    Em7b5 E3 G3 Bb3 D4 | A7sus4 E3 G3 A3 D4 | A7b9 E3 G3 Bb3 C#4
"""

# what the hands do in a bar: beat:duration:velocity
KEYS_RHYTHMS = {
    "held": "0:3.75:66",
    "laid": "0:1.25:68 1.5:.5:56 2.5:1.25:62",
    "push": "0:1.25:70 1.5:.5:60 2:1:66 3:.75:72",
    "drive": "0:.75:76 1:.4:60 1.5:.5:70 2:.75:74 3:.4:62 3.5:.4:70",
    "last": "0:3:70",
}

# what the bass does: beat:duration:velocity:degree; 'to' leads into the next bar's root
BASS_RHYTHMS = {
    "rest": "",
    "slide": "0:2.75:84:root 3:.45:80:fifth 3.5:.45:86:to",
    "walk": "0:1.4:94:root 1.5:.45:82:root 2:.9:90:root 3:.45:84:fifth 3.5:.45:88:to",
    "stride": "0:1.4:94:root 1.5:.45:84:fifth 2:.9:90:octave 3:.45:84:fifth 3.5:.45:88:to",
    "pump": "0:.9:98:root 1:.4:86:root 1.5:.45:90:octave 2:.9:96:root 3:.45:88:fifth 3.5:.45:92:to",
    "last": "0:3:92:root",
}

# General MIDI percussion keys
KIT = {
    "kick": 36,
    "snare": 38,
    "hat": 42,
    "open": 46,
    "crash": 49,
    "high": 50,
    "mid": 47,
    "low": 43,
}

DRUM_BARS = {
    "count": "hat x...x...x...x.x.",
    "pickup": "hat x...x...x....... | kick x............... | snare ............x.gx",
    "verse": "kick X.....x...x..... | snare ....X..g....X..g | hat x.g.x.g.x.g.x.g.",
    "turn": """kick X.....x...x..... | snare ....X.......X.gx
        hat x.g.x.g.x.g.x... | open ..............x.""",
    "fill": """kick X.....x.x...x... | snare ....X...xgx..... | hat x.g.x.g.........
        high ...........x.... | mid ............xx.. | low ..............xX""",
    "crash": """crash X............... | kick X..x....x.x.....
        snare ....X.......X..g | hat ..x.X.x.X.x.X.x.""",
    "chorus": """kick X..x....x.x..... | snare ....X.......X..g
        hat X.x.X.x.X.x.X... | open ..............x.""",
    "last": "crash x............... | kick X...............",
}
STROKES = {"X": 102, "x": 88, "g": 48}  # velocities
