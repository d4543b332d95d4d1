"""`muse chords`: chord progressions in a style, as a Song, MIDI, audio or a chart."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muse.cli.completion import complete_names
from muse.cli.help_format import Command
from muse.cli.names import (
    CADENCES,
    CHORD_MODELS,
    KEYS,
    METERS,
    MODES,
    NOTE_MODELS,
    STYLES,
    VOICINGS,
    one_of,
)
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

Bars = Annotated[
    int | None,
    option(
        panel=MUSIC,
        metavar="N",
        default="8; with --vary all bars of the song",
        help="Number of bars to generate.",
    ),
]
Style = Annotated[
    str,
    option(
        panel=MUSIC,
        metavar="STYLE",
        help=f"Style of chords and accompaniment: {one_of(STYLES)}.",
        complete=complete_names(*STYLES),
    ),
]
Key = Annotated[
    Text,
    option(
        panel=MUSIC,
        metavar="KEY",
        default="the song's, else one drawn for the style",
        help="Key, for example Eb or Cm.",
        complete=complete_names(*KEYS),
    ),
]
Mode = Annotated[
    Text,
    option(
        panel=MUSIC,
        metavar="MODE",
        default="the key's",
        help=f"Mode of the key: {one_of(MODES)}.",
        complete=complete_names(*MODES),
    ),
]
TimeSignature = Annotated[
    Text,
    option(
        "--meter",
        panel=MUSIC,
        metavar="METER",
        default="the song's, else 4/4",
        help="Time signature, for example 3/4 or 6/8.",
        complete=complete_names(*METERS),
    ),
]
TempoBpm = Annotated[
    Number,
    option(
        "--tempo",
        panel=MUSIC,
        metavar="BPM",
        default="the song's, else one drawn for the style",
        help="Tempo in beats per minute; the beat of 6/8 is a dotted quarter.",
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
HarmonicRhythm = Annotated[
    str,
    option(
        panel=MUSIC,
        metavar="BEATS",
        help="Length of every chord in beats, for example 2, or 'free'.",
        complete=complete_names("free", "1", "2", "4"),
    ),
]
Cadence = Annotated[
    Text,
    option(
        panel=MUSIC,
        metavar="CADENCE",
        default="open",
        help="Last chords: full (V I), half (V), plagal (IV I) or open (any chord of the key).",
        complete=complete_names(*CADENCES),
    ),
]
Prompt = Annotated[
    Text,
    option(
        panel=INPUT,
        metavar="CHORDS",
        default=False,
        help="First chords, for example 'Ebmaj9 Cm11' or '| ii . V7 . |'.",
    ),
]
Fix = Annotated[
    Text,
    option(
        panel=INPUT,
        metavar="BAR:CHORD...",
        default=False,
        help="Chords at the start of bars, for example '4:V7 8:I'.",
    ),
]
Like = Annotated[
    Text,
    option(
        panel=INPUT,
        metavar="FILE",
        help="Song of any format whose chords to continue; '-' for standard input.",
    ),
]
Vary = Annotated[
    bool,
    option("--vary", panel=INPUT, help="Variation of the chords of --like, not a continuation."),
]
Under = Annotated[
    Text,
    option(
        panel=INPUT,
        metavar="FILE",
        help="Song of any format whose melody to harmonize; '-' for standard input.",
    ),
]
Model = Annotated[
    str,
    option(
        panel=MODEL,
        metavar="NAME|PATH",
        help=f"Chord model: {', '.join(CHORD_MODELS)}; note-lstm, which samples the notes; or a "
        "path to weights.",
        complete=complete_names(*CHORD_MODELS, *NOTE_MODELS),
    ),
]
Temperature = Annotated[
    Number,
    option(
        panel=SAMPLING,
        metavar="T",
        default="1; with --under 0.5",
        help="Sampling temperature, 0 to 10; lower values give more common chords.",
    ),
]
TopK = Annotated[
    int,
    option(
        panel=SAMPLING,
        metavar="K",
        help="Top-k sampling: number of likeliest chords to choose from; 0 for all.",
    ),
]
TopP = Annotated[
    float,
    option(
        panel=SAMPLING,
        metavar="P",
        help="Nucleus sampling: total probability of the likeliest chords to choose from, 0 to 1.",
    ),
]
Count = Annotated[
    int, option(panel=OUTPUT, metavar="N", help="Number of progressions to generate.")
]
Explain = Annotated[
    bool, option("--explain", panel=OUTPUT, help="Explanation of each chord on standard error.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("chords", cls=Command)(chords)


def chords(
    prompt: Prompt = None,
    fix: Fix = None,
    like: Like = None,
    vary: Vary = False,
    under: Under = None,
    melody_track: MelodyTrack = None,
    bars: Bars = None,
    style: Style = "neo-soul",
    key: Key = None,
    mode: Mode = None,
    meter: TimeSignature = None,
    tempo: TempoBpm = None,
    voicing: Voicing = None,
    harmonic_rhythm: HarmonicRhythm = "free",
    cadence: Cadence = None,
    model: Model = "auto",
    temperature: Temperature = None,
    top_k: TopK = 0,
    top_p: TopP = 0.9,
    seed: Seed = None,
    count: Count = 1,
    out: SongOut = None,
    raw: Raw = False,
    explain: Explain = False,
    as_json: AsJson = False,
) -> None:
    """Generate chord progressions in a style, from nothing or from a song.

    The chords are voiced and played by keys and bass. In a pipe the result is a Song document, on a
    terminal a chord chart; --count gives one line or one numbered file for each progression.

    Example: muse chords --bars 8 --style neo-soul --key Eb -o song.wav
    Example: muse chords --prompt "Dm9 G13" --cadence full | muse view -
    Example: muse chords --under melody.mid --style jazz -o song.mid
    """
    from muse.cli.output import refuse_raw_file
    from muse.tools.chords.load_model import load_generator, report_model
    from muse.tools.chords.note_songs import generate_with
    from muse.tools.chords.request import ChordRequest
    from muse.tools.datasets.melody_track import with_melody_track
    from muse.tools.datasets.readers import read_song
    from muse.tools.errors import ParameterError
    from muse.tools.generation.sampling import Sampling, default_temperature
    from muse.tools.generation.seeds import choose_seed, report_seed
    from muse.tools.song.export import check_target, numbered_paths, save_songs

    refuse_raw_file(raw, out)
    if melody_track and not under:
        raise ParameterError("--melody-track names a track of the song of --under; add --under")
    if out == Path("-"):  # the Song document, on a terminal too
        out, as_json = None, True
    targets = numbered_paths(out, count) if out else []
    for target in targets:
        check_target(target, like or under or "")
    request = ChordRequest(
        bars=bars,
        style=style,
        key=key,
        mode=mode,
        meter=meter,
        tempo=tempo,
        prompt=prompt,
        like=read_song(like) if like else None,
        vary=vary,
        under=with_melody_track(read_song(under), melody_track, under) if under else None,
        cadence=cadence,
        fix=fix,
        rhythm=harmonic_rhythm,
        voicing=voicing,
        sampling=Sampling(default_temperature(temperature, bool(under)), top_k, top_p),
    )
    chosen, known = choose_seed(seed), load_generator(model)
    made = list(generate_with(request, known, chosen, count, like or under))
    report_model(known)
    report_seed(chosen)
    if explain:
        print_explanations([song for song, _ in made])
    if targets:
        save_songs([song for song, _ in made], targets)
        return
    show(made, raw, as_json)


def print_explanations(songs: list[Any]) -> None:
    """Print what each chord does, on stderr: stdout is for the songs."""
    from muse.tools.chords.explain import explain_progression

    for song in songs:
        print(*explain_progression(song), sep="\n", file=sys.stderr)


def show(made: list[Any], raw: bool, as_json: bool) -> None:
    """Print progressions: raw model output, Songs, or charts on a terminal."""
    from muse.cli.output import print_json, write_bytes
    from muse.tools.chords.note_songs import raw_output
    from muse.tools.song.document import song_to_json

    for number, (song, drawn) in enumerate(made, 1):
        if raw:
            print_json({"generated": raw_output(song, drawn)})
        elif as_json or not sys.stdout.isatty():
            write_bytes(song_to_json(song))
        else:
            show_chart(song, f"chords {number}" if len(made) > 1 else "chords")


def show_chart(song: Any, title: str) -> None:
    """Print a chord chart on the terminal."""
    from muse.cli.view import print_lines, terminal
    from muse.tools.view.view import ViewOptions, lines_of

    console, width = terminal()
    print_lines(lines_of(song, title, ViewOptions(width, chart=True)), console)
