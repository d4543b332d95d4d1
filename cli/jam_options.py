"""Options of `muse jam`."""

from pathlib import Path
from typing import Annotated

from muse.cli.completion import complete_input_ports, complete_names, complete_output_ports
from muse.cli.names import CHORD_MODELS, KEYS, METERS, STYLES, VOICINGS, one_of
from muse.cli.options import INPUT, MODEL, MUSIC, OUTPUT, SOUND, TIMING, Number, Text, option

SETUP = "Ports and benchmark"

Source = Annotated[
    Text,
    option(
        "--in",
        panel=INPUT,
        metavar="PORT|FILE|-",
        default="the first MIDI input",
        help="Source of the solo: a MIDI port, by part of its name or a regular expression, a MIDI "
        "or Song file, or '-' for standard input.",
        complete=complete_input_ports,
    ),
]
Track = Annotated[
    Text,
    option(
        panel=INPUT,
        metavar="NAME",
        default="its melody",
        help="Track of the input file that plays the solo.",
    ),
]
Replay = Annotated[
    Path | None,
    option(panel=INPUT, metavar="TAKE.jsonl", help="Recorded take whose solo is played again."),
]
Target = Annotated[
    str,
    option(
        "--out",
        panel=OUTPUT,
        metavar="PORT|FILE|-",
        help="Destination of the band: 'synth' (the loudspeaker), a MIDI port, a MIDI, Song or "
        "audio file, or '-' for JSON lines on standard output.",
        complete=complete_output_ports,
    ),
]
Record = Annotated[
    Path | None,
    option(
        panel=OUTPUT,
        metavar="NAME",
        help="Recording of the take, as NAME.mid and NAME.jsonl, or NAME_2 if NAME exists.",
    ),
]
Key = Annotated[
    Text,
    option(
        panel=MUSIC,
        metavar="KEY",
        default="auto",
        help="Key, for example Em; 'auto' detects it.",
        complete=complete_names("auto", *KEYS),
    ),
]
Style = Annotated[
    Text,
    option(
        panel=MUSIC,
        metavar="STYLE",
        default="pop",
        help=f"Style of chords and accompaniment: {one_of(STYLES)}; by section or bar as in "
        "'pop,chorus=rock,17=jazz'.",
        complete=complete_names(*STYLES),
    ),
]
Chart = Annotated[
    Text,
    option(
        panel=MUSIC,
        metavar="FILE",
        default="chords that suit your notes",
        help="Chords to play, repeated until you stop: chart, lead sheet, MIDI or Song file.",
    ),
]
Voicing = Annotated[
    Text,
    option(
        panel=MUSIC,
        metavar="VOICING",
        default="the style's",
        help=f"Voicing of the chords: {one_of(VOICINGS)}.",
        complete=complete_names(*VOICINGS),
    ),
]
Model = Annotated[
    str,
    option(
        panel=MODEL,
        metavar="NAME|PATH",
        help=f"Model that predicts the next chords: {', '.join(CHORD_MODELS)}, or a path to "
        "weights.",
        complete=complete_names(*CHORD_MODELS),
    ),
]
Ahead = Annotated[
    int | None,
    option(panel=MODEL, metavar="N", default="4", help="Number of chords planned ahead, 1 to 32."),
]
Mix = Annotated[
    Text,
    option(
        panel=MODEL,
        metavar="WEIGHT",
        default="auto",
        help="Weight of your notes against the chord model, 0 to 1; 'auto' is learned.",
        complete=complete_names("auto"),
    ),
]
Bpm = Annotated[
    Text,
    option(
        panel=TIMING,
        metavar="BPM",
        default="the file's, else 100",
        help="Tempo in beats per minute; 'auto' follows you, 'auto:92' starts near 92.",
        complete=complete_names("auto"),
    ),
]
TimeSignature = Annotated[
    Text,
    option(
        "--meter",
        panel=TIMING,
        metavar="METER",
        default="that of the chart or file, else 4/4",
        help="Time signature, for example 3/4 or 12/8, also with its groups: 3+2+2/8.",
        complete=complete_names(*METERS),
    ),
]
Swing = Annotated[
    Number,
    option(
        panel=TIMING,
        metavar="PERCENT",
        default="the style's",
        help="Share of a beat that the first of two eighth notes takes, 50 (straight) to 75.",
    ),
]
CountIn = Annotated[
    int | None,
    option(
        panel=TIMING,
        metavar="BARS",
        default="1; with an input file 0",
        help="Number of bars counted before the start, 0 to 8.",
    ),
]
Bars = Annotated[
    int | None,
    option(
        panel=TIMING,
        metavar="N",
        default="until the input ends, or Ctrl-C",
        help="Number of bars to play.",
    ),
]
Click = Annotated[
    bool | None,
    option(
        "--click/--no-click",
        panel=SOUND,
        default="on when live",
        help="Metronome sound on every beat.",
    ),
]
Through = Annotated[
    bool | None,
    option(
        "--through/--no-through",
        panel=SOUND,
        default="on when live",
        help="Your own notes in the output (MIDI thru).",
    ),
]
Seed = Annotated[
    int | None,
    option(
        panel=MODEL,
        metavar="N",
        default="random, and reported",
        help="Random seed; the same seed and solo give the same take.",
    ),
]
ListPorts = Annotated[
    bool, option("--list-ports", panel=SETUP, help="List of the MIDI ports, without playing.")
]
Bench = Annotated[
    bool,
    option("--bench", panel=SETUP, help="Benchmark of the timing through JACK, without playing."),
]
Minutes = Annotated[
    float, option(panel=SETUP, metavar="MINUTES", low=0.05, help="Length of --bench in minutes.")
]
