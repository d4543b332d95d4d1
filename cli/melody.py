"""`muse melody`: a melody over the chords of a song."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from muse.cli.options import AsJson

Text = str | None


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("melody")(melody)


def melody(
    song: Annotated[
        str, typer.Argument(metavar="[SONG]", help="With chords: Song, MIDI, chart; '-' is stdin.")
    ] = "-",
    bars: Annotated[
        int | None, typer.Option(metavar="N", help="How many; all that have chords.")
    ] = None,
    range_: Annotated[
        Text, typer.Option("--range", metavar="C4:A5", help="Lowest and highest pitch.")
    ] = None,
    density: Annotated[float | None, typer.Option(metavar="N", help="Notes a bar.")] = None,
    rhythm_like: Annotated[
        Text, typer.Option(metavar="FILE", help="Take starts and durations of its melody.")
    ] = None,
    motif: Annotated[Text, typer.Option(metavar="FILE", help="Begin with its melody.")] = None,
    form: Annotated[
        str,
        typer.Option(metavar="AABA|auto|none", help="Sections that return; auto: as chords do."),
    ] = "auto",
    go_on: Annotated[
        bool, typer.Option("--continue", help="Go on after the song's own melody.")
    ] = False,
    fill: Annotated[
        Text, typer.Option(metavar="5-8", help="Write these bars of the song's melody anew.")
    ] = None,
    temperature: Annotated[float, typer.Option(help="Below 1 safer, above 1 bolder.")] = 1.0,
    top_p: Annotated[float, typer.Option(help="Of pitches, those that together are so likely.")] = (
        0.95
    ),
    seed: Annotated[int | None, typer.Option(help="Same seed, same melody.")] = None,
    count: Annotated[int, typer.Option(metavar="N", help="So many melodies.")] = 1,
    rank: Annotated[
        int, typer.Option(metavar="N", help="Draw so many and keep the most song-like.")
    ] = 1,
    model: Annotated[str, typer.Option(metavar="NAME|PATH", help="Who knows what follows.")] = (
        "melody-xl"
    ),
    raw: Annotated[bool, typer.Option("--raw", help="The model's numbers as JSON.")] = False,
    as_json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="mid, wav, json, musicxml, png, ..."),
    ] = None,
) -> None:
    """Write a melody over a song's chords, which stay as they are.

    In a pipe it is a Song document, on a terminal a chart and piano roll; of several each has a
    line, or a file with a number.

    Example: muse chords --bars 16 | muse melody -o tune.mid

    Example: muse melody song.mid --fill 5-8 --range A3:E5 | muse view -
    """
    from muse.tools.generation.sampling import Sampling
    from muse.tools.generation.seeds import choose_seed, report_seed
    from muse.tools.melody.input_files import first_song, songs_in
    from muse.tools.melody.make import melodies
    from muse.tools.melody.net_model import load_melody_reader
    from muse.tools.melody.request import MelodyRequest
    from muse.tools.song.export import check_target, numbered_paths, save_songs

    if out == Path("-"):  # what a pipe gets, on a terminal too
        out, as_json = None, True
    request = MelodyRequest(
        bars=bars,
        range=range_,
        density=density,
        rhythm_like=first_song(rhythm_like) if rhythm_like else None,
        motif=first_song(motif) if motif else None,
        form=form,
        is_continuing=go_on,
        fill=fill,
        sampling=Sampling(temperature, 0, top_p),
        rank=rank,
    )
    songs = songs_in(song)
    targets = numbered_paths(out, count * len(songs)) if out else []
    for target in targets:
        check_target(target, song)
    names = {"rhythm_like": rhythm_like, "motif": motif}
    told = {name: file for name, file in names.items() if file}
    chosen = choose_seed(seed)
    known = load_melody_reader(model)
    made = [
        each for given in songs for each in melodies(given, request, known, chosen, count, told)
    ]
    report_seed(chosen)
    if targets:
        save_songs([each.song for each in made], targets)
        return
    show(made, raw, as_json)


def show(made: list[Any], raw: bool, as_json: bool) -> None:
    """The songs on stdout: numbers, Songs, or charts and piano rolls for a terminal."""
    from muse.cli.output import print_json, write_bytes
    from muse.tools.melody.make import event_ids
    from muse.tools.song.document import song_to_json

    for number, each in enumerate(made, 1):
        if raw:
            print_json({"generated_event_ids": event_ids(each)})
        elif as_json or not sys.stdout.isatty():
            write_bytes(song_to_json(each.song))
        else:
            show_song(each.song, f"melody {number}" if len(made) > 1 else "melody")


def show_song(song: Any, title: str) -> None:
    """A chart and piano roll of chords and melody on the terminal."""
    import msgspec

    from muse.cli.view import has_colours, print_lines, terminal
    from muse.tools.view.view import Show, lines_of

    console, width = terminal()
    alone = msgspec.structs.replace(song, tracks=song.tracks[-1:])
    print_lines(lines_of(alone, title, Show(width, has_colours(console))), console)
