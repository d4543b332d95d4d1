"""`muse melody`: a melody over the chords of a song."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muse.cli.completion import complete_names
from muse.cli.help_format import Command
from muse.cli.names import MELODY_MODELS
from muse.cli.options import (
    INPUT,
    MODEL,
    MUSIC,
    OUTPUT,
    SAMPLING,
    AsJson,
    MelodyTrack,
    Number,
    Raw,
    Seed,
    SongOut,
    Text,
    option,
)

SongWithChords = Annotated[
    str,
    typer.Argument(
        metavar="SONG",
        help="Song with chords: Song document, MIDI file or chart; '-' for standard input.",
    ),
]
RhythmLike = Annotated[
    Text,
    option(
        panel=INPUT,
        metavar="FILE",
        help="Song or MIDI file whose melody gives the rhythm.",
    ),
]
Motif = Annotated[
    Text,
    option(
        panel=INPUT,
        metavar="FILE",
        help="Song or MIDI file whose melody is the beginning.",
    ),
]
Continue = Annotated[
    bool,
    option("--continue", panel=INPUT, help="Continuation of the melody that the song has."),
]
Fill = Annotated[
    Text,
    option(
        panel=INPUT,
        metavar="BARS",
        help="Bars of the song's melody to replace, for example 5-8.",
    ),
]
Bars = Annotated[
    int | None,
    option(
        panel=MUSIC,
        metavar="N",
        default="all bars that have chords",
        help="Number of bars to generate.",
    ),
]
PitchRange = Annotated[
    Text,
    option(
        "--range",
        panel=MUSIC,
        metavar="LOW:HIGH",
        default="C4:A5, or that of the melody to continue",
        help="Lowest and highest pitch, at least an octave apart.",
    ),
]
Density = Annotated[
    Number,
    option(
        panel=MUSIC,
        metavar="N",
        default="the model's choice",
        help="Average number of notes per bar, 0.5 to 16.",
    ),
]
Form = Annotated[
    str,
    option(
        panel=MUSIC,
        metavar="FORM",
        help="Sections that repeat, for example AABA; 'auto' repeats where chords do, or 'none'.",
        complete=complete_names("auto", "none", "AABA"),
    ),
]
Model = Annotated[
    str,
    option(
        panel=MODEL,
        metavar="NAME|PATH",
        help="Melody model: melody-xl, or a path to weights.",
        complete=complete_names(*MELODY_MODELS),
    ),
]
Temperature = Annotated[
    float,
    option(
        panel=SAMPLING,
        metavar="T",
        help="Sampling temperature, 0 to 10; lower values give more common melodies.",
    ),
]
TopP = Annotated[
    float,
    option(
        panel=SAMPLING,
        metavar="P",
        help="Nucleus sampling: total probability of the likeliest pitches to choose from, 0 to 1.",
    ),
]
Rank = Annotated[
    int,
    option(
        panel=SAMPLING,
        metavar="N",
        help="Number of candidates per melody; the one most like real melodies is returned.",
    ),
]
Count = Annotated[int, option(panel=OUTPUT, metavar="N", help="Number of melodies to generate.")]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("melody", cls=Command)(melody)


def melody(
    song: SongWithChords = "-",
    rhythm_like: RhythmLike = None,
    motif: Motif = None,
    go_on: Continue = False,
    fill: Fill = None,
    melody_track: MelodyTrack = None,
    bars: Bars = None,
    range_: PitchRange = None,
    density: Density = None,
    form: Form = "auto",
    model: Model = "melody-xl",
    temperature: Temperature = 1.0,
    top_p: TopP = 0.95,
    rank: Rank = 1,
    seed: Seed = None,
    count: Count = 1,
    out: SongOut = None,
    raw: Raw = False,
    as_json: AsJson = False,
) -> None:
    """Generate a melody over the chords of a song.

    The song's chords and tracks are not changed. In a pipe the result is a Song document, on a
    terminal a chord chart and piano roll; --count gives one line or one numbered file for each
    melody.

    Example: muse chords --bars 16 | muse melody -o tune.mid
    Example: muse melody song.mid --fill 5-8 --range A3:E5 | muse view -
    """
    from muse.cli.output import refuse_raw_file
    from muse.tools.datasets.melody_track import with_melody_track
    from muse.tools.generation.sampling import Sampling
    from muse.tools.generation.seeds import choose_seed, report_seed
    from muse.tools.melody.generate_songs import generate_melodies
    from muse.tools.melody.input_songs import read_first_song, read_input_songs
    from muse.tools.melody.net_model import load_melody_model
    from muse.tools.melody.request import MelodyRequest
    from muse.tools.song.export import check_target, numbered_paths, save_songs

    refuse_raw_file(raw, out)
    if out == Path("-"):  # the Song document, on a terminal too
        out, as_json = None, True
    request = MelodyRequest(
        bars=bars,
        range=range_,
        density=density,
        rhythm_like=read_first_song(rhythm_like) if rhythm_like else None,
        motif=read_first_song(motif) if motif else None,
        form=form,
        is_continuing=go_on,
        fill=fill,
        sampling=Sampling(temperature, 0, top_p),
        rank=rank,
    )
    songs = [with_melody_track(each, melody_track, song) for each in read_input_songs(song)]
    targets = numbered_paths(out, count * len(songs)) if out else []
    for target in targets:
        check_target(target, song)
    names = {"rhythm_like": rhythm_like, "motif": motif}
    files = {name: file for name, file in names.items() if file}
    chosen = choose_seed(seed)
    known = load_melody_model(model)
    made = [
        each
        for given in songs
        for each in generate_melodies(given, request, known, chosen, count, files)
    ]
    report_seed(chosen)
    if targets:
        save_songs([each.song for each in made], targets)
        return
    show(made, raw, as_json)


def show(made: list[Any], raw: bool, as_json: bool) -> None:
    """Print songs: raw model output, Songs, or charts and piano rolls on a terminal."""
    from muse.cli.output import print_json, write_bytes
    from muse.tools.melody.generate_songs import event_ids
    from muse.tools.song.document import song_to_json

    for number, each in enumerate(made, 1):
        if raw:
            print_json({"generated_event_ids": event_ids(each)})
        elif as_json or not sys.stdout.isatty():
            write_bytes(song_to_json(each.song))
        else:
            show_song(each.song, f"melody {number}" if len(made) > 1 else "melody")


def show_song(song: Any, title: str) -> None:
    """Print a chart and piano roll of chords and melody on the terminal."""
    import msgspec

    from muse.cli.view import has_colors, print_lines, terminal
    from muse.tools.view.view import ViewOptions, lines_of

    console, width = terminal()
    alone = msgspec.structs.replace(song, tracks=song.tracks[-1:])
    print_lines(lines_of(alone, title, ViewOptions(width, has_colors(console))), console)
