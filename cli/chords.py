"""`muse chords`: chord progressions in a style, as a Song, MIDI, audio or a chart."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muse.cli.options import AsJson

Text = str | None


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("chords")(chords)


def chords(
    bars: Annotated[int | None, typer.Option(metavar="N", help="How many; 8.")] = None,
    style: Annotated[
        str, typer.Option(metavar="pop|soul|rock|jazz|neo-soul", help="Chords and feel.")
    ] = "neo-soul",
    key: Annotated[Text, typer.Option(metavar="Eb|Cm", help="Drawn where not given.")] = None,
    mode: Annotated[Text, typer.Option(metavar="major|minor", help="Of the key.")] = None,
    meter: Annotated[Text, typer.Option(metavar="4/4|6/8", help="4/4 where not given.")] = None,
    tempo: Annotated[
        float | None, typer.Option(metavar="BPM", help="Beats a minute, in 6/8 dotted quarters.")
    ] = None,
    prompt: Annotated[
        Text, typer.Option(metavar="CHORDS", help="To begin with: 'Ebmaj9 Cm11', '| ii . V7 . |'.")
    ] = None,
    like: Annotated[
        Text, typer.Option(metavar="FILE|-", help="Continue the chords of a Song or MIDI file.")
    ] = None,
    vary: Annotated[bool, typer.Option("--vary", help="Change that song's chords.")] = False,
    under: Annotated[
        Text, typer.Option(metavar="FILE|-", help="Put chords under the melody of a song.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(metavar="auto|transformer|lstm|ngram|PATH", help="Who knows what follows."),
    ] = "auto",
    temperature: Annotated[
        float | None, typer.Option(help="Below 1 safer, above 1 bolder; 1, with --under 0.5.")
    ] = None,
    top_k: Annotated[int, typer.Option(help="Of the likeliest chords only so many.")] = 0,
    top_p: Annotated[float, typer.Option(help="Those that together are so likely.")] = 0.9,
    seed: Annotated[int | None, typer.Option(help="Same seed, same chords.")] = None,
    count: Annotated[int, typer.Option(metavar="N", help="So many progressions.")] = 1,
    voicing: Annotated[
        Text, typer.Option(metavar="closed|open|drop-2|rootless|neo-soul", help="Of the hands.")
    ] = None,
    harmonic_rhythm: Annotated[
        str, typer.Option(metavar="free|1|2|4", help="Beats that each chord lasts.")
    ] = "free",
    cadence: Annotated[
        Text, typer.Option(metavar="full|half|plagal|open", help="How it ends; open.")
    ] = None,
    fix: Annotated[
        Text, typer.Option(metavar="'4:V7 8:I'", help="Chords that bars begin with.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="The model's numbers as JSON.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say in words what happens.")] = False,
    as_json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="mid, wav, json, musicxml, png, ..."),
    ] = None,
) -> None:
    """Make a chord progression, voiced and played in a style.

    In a pipe it is a Song document, on a terminal a chart; of several each has a line, or a file
    with a number.

    Example: muse chords --bars 8 --style neo-soul --key Eb -o song.wav

    Example: muse chords --prompt "Dm9 G13" --cadence full | muse view -

    Example: muse chords --under melody.mid --style jazz -o song.mid
    """
    from muse.tools.chords.load_model import load_model
    from muse.tools.chords.make import songs
    from muse.tools.chords.request import Request
    from muse.tools.generation.sampling import Sampling, usual_temperature
    from muse.tools.generation.seeds import choose_seed, report_seed
    from muse.tools.song.export import check_target, numbered_paths, save_songs
    from muse.tools.song.midi import load_song

    if out == Path("-"):  # what a pipe gets, on a terminal too
        out, as_json = None, True
    targets = numbered_paths(out, count) if out else []
    for target in targets:
        check_target(target, like or under or "")
    request = Request(
        bars=bars,
        style=style,
        key=key,
        mode=mode,
        meter=meter,
        tempo=tempo,
        prompt=prompt,
        like=load_song(like) if like else None,
        vary=vary,
        under=load_song(under) if under else None,
        cadence=cadence,
        fix=fix,
        rhythm=harmonic_rhythm,
        voicing=voicing,
        sampling=Sampling(usual_temperature(temperature, bool(under)), top_k, top_p),
    )
    chosen = choose_seed(seed)
    made = list(songs(request, load_model(model), chosen, count, like or under))
    report_seed(chosen)
    if explain:
        explain_songs([song for song, _ in made])
    if targets:
        save_songs([song for song, _ in made], targets)
        return
    show(made, raw, as_json)


def explain_songs(made: list[Any]) -> None:
    """What happens in each progression, on stderr: for people, whatever stdout is for."""
    from muse.tools.chords.explain import explained_lines

    for song in made:
        print(*explained_lines(song), sep="\n", file=sys.stderr)


def show(made: list[Any], raw: bool, as_json: bool) -> None:
    """The progressions on stdout: numbers, Songs, or charts for a terminal."""
    from muse.cli.output import print_json, write_bytes
    from muse.tools.chords import make
    from muse.tools.song.document import song_to_json

    for number, (song, drawn) in enumerate(made, 1):
        if raw:
            print_json({"generated": make.raw(song, drawn)})
        elif as_json or not sys.stdout.isatty():
            write_bytes(song_to_json(song))
        else:
            show_chart(song, f"chords {number}" if len(made) > 1 else "chords")


def show_chart(song: Any, title: str) -> None:
    """A chart on the terminal."""
    from muse.cli.view import print_lines, terminal
    from muse.tools.view.view import Show, lines_of

    console, width = terminal()
    print_lines(lines_of(song, title, Show(width, chart=True)), console)
