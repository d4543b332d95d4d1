"""`muse intervals generate`: labeled clips of intervals."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from muse.cli.completion import complete_list, complete_names
from muse.cli.names import DIRECTIONS, NOISES, SYNTH_TIMBRES, TIMBRES, one_of
from muse.cli.options import OUTPUT, PROCESSING, SOUND, TIMING, AsJson, Number, Text, option

if TYPE_CHECKING:
    from muse.tools.intervals.data_set import DataSet

INTERVALS, DETERIORATION = "Intervals", "Tuning, level and noise"
EXPRESSION = "Expression"
RANGE = "a number or a range LOW:HIGH"

Out = Annotated[
    Path,
    option(
        "-o",
        "--out",
        panel=OUTPUT,
        metavar="DIR",
        help="Folder to create for the clips and labels.jsonl.",
    ),
]
Overwrite = Annotated[
    bool,
    option("--overwrite", panel=OUTPUT, help="Replacement of another data set in the folder."),
]
Count = Annotated[
    int, option("-n", "--count", panel=OUTPUT, metavar="N", help="Number of clips to generate.")
]
Rate = Annotated[
    int | None,
    option(panel=OUTPUT, metavar="HZ", default="44100", help="Sample rate of the clips in Hz."),
]
Sizes = Annotated[
    Text,
    option(
        "--intervals",
        panel=INTERVALS,
        metavar="SIZES",
        default="1-12",
        help="Sizes in semitones, 0 to 24, or names, for example 1-12 or m3,P5,TT, or 'all'.",
    ),
]
Direction = Annotated[
    Text,
    option(
        panel=INTERVALS,
        metavar="NAMES",
        default="ascending",
        help=f"Directions, separated by commas: {one_of(DIRECTIONS)}.",
        complete=complete_list(*DIRECTIONS),
    ),
]
Lowest = Annotated[
    Number,
    option(panel=INTERVALS, metavar="HZ", default="55", help="Lowest fundamental frequency in Hz."),
]
Highest = Annotated[
    Number,
    option(
        panel=INTERVALS, metavar="HZ", default="1760", help="Highest fundamental frequency in Hz."
    ),
]
Timbre = Annotated[
    Text,
    option(
        panel=SOUND,
        metavar="NAMES",
        default="sine",
        help=f"Timbres, separated by commas: {', '.join(SYNTH_TIMBRES)}, or General MIDI programs: "
        "gm for all, gm:0-7 for some, gm:train, gm:validation or gm:test for one side of the "
        "split.",
        complete=complete_list(*TIMBRES),
    ),
]
Soundfonts = Annotated[
    list[Path] | None,
    option(
        "--soundfont",
        panel=SOUND,
        metavar="FILE",
        default="the best one found",
        help="Soundfont for General MIDI programs; may be repeated.",
    ),
]
Reverb = Annotated[
    Text,
    option(
        panel=SOUND,
        metavar="SECONDS",
        default="no reverb",
        help=f"Reverberation time (RT60) in seconds, {RANGE}.",
    ),
]
Length = Annotated[
    Number,
    option(panel=TIMING, metavar="SECONDS", default="2", help="Length of a clip in seconds."),
]
NoteLength = Annotated[
    Text,
    option(
        "--note",
        panel=TIMING,
        metavar="SECONDS",
        default="what fills the clip",
        help=f"Length of a note in seconds, {RANGE}.",
    ),
]
Gap = Annotated[
    Text,
    option(
        panel=TIMING,
        metavar="SECONDS",
        default="0.2",
        help=f"Silence between successive notes in seconds, {RANGE}.",
    ),
]
Detune = Annotated[
    Number,
    option(
        panel=DETERIORATION,
        metavar="CENTS",
        default="0",
        help="Largest random detuning of each note in cents.",
    ),
]
Tuning = Annotated[
    Number,
    option(
        panel=DETERIORATION,
        metavar="CENTS",
        default="0",
        help="Largest random deviation of the tuning from A = 440 Hz in cents.",
    ),
]
Balance = Annotated[
    Number,
    option(
        panel=DETERIORATION,
        metavar="DB",
        default="0",
        help="Largest random level difference between the notes in dB.",
    ),
]
Snr = Annotated[
    Text,
    option(
        panel=DETERIORATION,
        metavar="DB",
        default="no noise",
        help=f"Signal-to-noise ratio of added noise in dB, {RANGE}.",
    ),
]
Noise = Annotated[
    Text,
    option(
        panel=DETERIORATION,
        metavar="COLOR",
        default="white",
        help=f"Color of the added noise: {one_of(NOISES)}.",
        complete=complete_names(*NOISES),
    ),
]
Level = Annotated[
    Text,
    option(
        panel=DETERIORATION,
        metavar="DBFS",
        default="-6",
        help=f"Peak level of a clip in dBFS, {RANGE}.",
    ),
]
Vibrato = Annotated[
    Text,
    option(
        panel=EXPRESSION,
        metavar="CENTS",
        default="no vibrato",
        help=f"Depth of the vibrato to either side in cents, {RANGE}.",
    ),
]
VibratoRate = Annotated[
    Text,
    option(
        panel=EXPRESSION,
        metavar="HZ",
        default="4:7",
        help=f"Rate of vibrato and tremolo in Hz, {RANGE}.",
    ),
]
Tremolo = Annotated[
    Text,
    option(
        panel=EXPRESSION,
        metavar="DB",
        default="no tremolo",
        help=f"Depth of the tremolo to either side in dB, {RANGE}.",
    ),
]
Bend = Annotated[
    Text,
    option(
        panel=EXPRESSION,
        metavar="CENTS",
        default="no bends",
        help=f"Deviation in cents at the beginning of each note, {RANGE}; below 0 it begins too "
        "low.",
    ),
]
Portamento = Annotated[
    Text,
    option(
        panel=EXPRESSION,
        metavar="SECONDS",
        default="no portamento",
        help=f"Time of the glide from the first note to the second in seconds, {RANGE}.",
    ),
]
ExpressionShare = Annotated[
    Number,
    option(
        panel=EXPRESSION,
        metavar="SHARE",
        default="1",
        help="Share of the clips that are played with vibrato, tremolo, bends and portamento.",
    ),
]
Seed = Annotated[
    int | None,
    option(
        panel=PROCESSING,
        metavar="N",
        default="random, and reported",
        help="Random seed; the same seed gives the same bytes.",
    ),
]
Jobs = Annotated[
    int,
    option(
        "-j",
        "--jobs",
        panel=PROCESSING,
        metavar="N",
        low=1,
        help="Number of clips generated in parallel.",
    ),
]


def generate(
    out: Out,
    count: Count = 5000,
    rate: Rate = None,
    intervals: Sizes = None,
    direction: Direction = None,
    lowest: Lowest = None,
    highest: Highest = None,
    timbre: Timbre = None,
    soundfont: Soundfonts = None,
    reverb: Reverb = None,
    length: Length = None,
    note: NoteLength = None,
    gap: Gap = None,
    detune: Detune = None,
    tuning: Tuning = None,
    balance: Balance = None,
    snr: Snr = None,
    noise: Noise = None,
    level: Level = None,
    vibrato: Vibrato = None,
    vibrato_rate: VibratoRate = None,
    tremolo: Tremolo = None,
    bend: Bend = None,
    portamento: Portamento = None,
    expression_share: ExpressionShare = None,
    seed: Seed = None,
    jobs: Jobs = 1,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Generate WAV clips of one interval each, with their labels in labels.jsonl.

    An option given as a range LOW:HIGH has a random value in each clip. The folder is
    written whole or not at all; one that holds the same clips already is left as it is, and
    one that holds other clips is refused unless --overwrite is given.

    Example: muse intervals generate -n 5000 -o clips/ --jobs 2
    Example: muse intervals generate -o gm/ --timbre gm:train --direction together --snr 10:40
    Example: muse intervals generate -n 50 -o sung/ --vibrato 20:100 --portamento 0:0.1
    """
    from muse.cli.progress import progress_bar
    from muse.tools.generation.seeds import choose_seed, report_seed
    from muse.tools.intervals.data_set import generate_folder
    from muse.tools.intervals.parse_settings import SettingsRequest, parse_settings

    request = SettingsRequest(
        length=length,
        gap=gap,
        note=note,
        lowest=lowest,
        highest=highest,
        intervals=intervals,
        direction=direction,
        timbre=timbre,
        soundfonts=tuple(soundfont or ()),
        detune=detune,
        tuning=tuning,
        balance=balance,
        snr=snr,
        noise=noise,
        reverb=reverb,
        level=level,
        rate=rate,
        vibrato=vibrato,
        vibrato_rate=vibrato_rate,
        tremolo=tremolo,
        bend=bend,
        portamento=portamento,
        expression_share=expression_share,
    )
    settings, chosen = parse_settings(request), choose_seed(seed)
    if seed is None:
        report_seed(chosen)
    with progress_bar("intervals") as report:
        made = generate_folder(
            out, settings, count, chosen, jobs=jobs, overwrite=overwrite, report=report
        )
    show_data_set(out, made, as_json)


def show_data_set(folder: Path, made: "DataSet", as_json: bool) -> None:
    """Print a summary of the clips: JSON in a pipe, a line on a terminal."""
    from muse.cli.output import print_json

    if as_json or not sys.stdout.isatty():
        print_json(made)
    else:
        print(f"{folder}: {made.clips} clips, seed {made.seed}, {made.content_hash[:12]}")
