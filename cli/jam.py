"""`muse jam`: an accompanist that listens, thinks ahead and keeps time."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muse.cli.options import AsJson, Soundfont

if TYPE_CHECKING:
    from muse.tools.jam.options import JamRequest
    from muse.tools.jam.play import Outcome
    from muse.tools.jam.routing import Wiring

Text = str | None


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("jam")(jam)


def jam(
    source: Annotated[
        Text, typer.Option("--in", metavar="PORT|FILE|-", help="Who plays; the first MIDI input.")
    ] = None,
    target: Annotated[
        str, typer.Option("--out", metavar="PORT|synth|FILE|-", help="Who sounds it.")
    ] = "synth",
    bpm: Annotated[
        Text, typer.Option(metavar="BPM|auto[:BPM]", help="100, or the file's; auto follows you.")
    ] = None,
    meter: Annotated[Text, typer.Option(metavar="4/4|6/8", help="4/4, or the file's.")] = None,
    key: Annotated[Text, typer.Option(metavar="auto|Em", help="auto is heard.")] = None,
    style: Annotated[
        Text, typer.Option(metavar="pop|soul|rock|jazz|neo-soul", help="Chords and feel; pop.")
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="auto|transformer|lstm|ngram|PATH", help="Who thinks ahead.")
    ] = "auto",
    ahead: Annotated[
        int | None, typer.Option(metavar="N", help="Chords that are planned; 4.")
    ] = None,
    mix: Annotated[
        Text, typer.Option(metavar="auto|0..1", help="Share of the ear; auto was learnt.")
    ] = None,
    count_in: Annotated[
        int | None, typer.Option(metavar="BARS", help="1, before a file 0.")
    ] = None,
    click: Annotated[
        bool | None, typer.Option("--click/--no-click", help="A metronome; on when live.")
    ] = None,
    soundfont: Soundfont = None,
    voicing: Annotated[
        Text, typer.Option(metavar="closed|open|drop-2|rootless|neo-soul", help="Of the hands.")
    ] = None,
    swing: Annotated[
        float | None, typer.Option(metavar="50-75", help="Per cent; the style's.")
    ] = None,
    through: Annotated[
        bool | None, typer.Option("--through/--no-through", help="Sound the player too; synth.")
    ] = None,
    bars: Annotated[int | None, typer.Option(metavar="N", help="Stop after so many.")] = None,
    track: Annotated[
        Text, typer.Option(metavar="NAME", help="Of a MIDI file that plays; its melody.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="NAME", help="Keep NAME.mid and NAME.jsonl.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="TAKE.jsonl", help="Play a take's solo again.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same take.")] = None,
    list_ports: Annotated[
        bool, typer.Option("--list-ports", help="Show the MIDI ports, and stop.")
    ] = False,
    bench: Annotated[
        bool, typer.Option("--bench", help="Measure its timing through JACK, and stop.")
    ] = False,
    minutes: Annotated[float, typer.Option(min=0.05, help="How long --bench takes.")] = 1.0,
    as_json: AsJson = False,
) -> int:
    """Play along with you: chords and bass to what a keyboard, a file or a pipe plays.

    Ports are named in part or by a regular expression; Ctrl-C ends a take. From a file to a file
    it runs faster than real time.

    Example: muse jam --in "Digital Piano" --out synth --style neo-soul --record take

    Example: muse jam --in solo.mid --out take.mid --seed 7

    Example: muse jam --list-ports
    """
    from muse.tools.jam.options import JamRequest
    from muse.tools.jam.routing import Wiring

    if list_ports:
        return show_ports(as_json)
    if bench:
        return show_bench(source, model, minutes, as_json)
    request = JamRequest(bpm, meter, key, style, ahead, mix, count_in, voicing, swing)
    wiring = Wiring(source, target, model, track, soundfont, click, through, bars, record, replay)
    show(run(request, wiring, seed), as_json)
    return 0


def run(request: "JamRequest", wiring: "Wiring", seed: int | None) -> "Outcome":
    """Play, with a screen on a terminal, and a line for each bar elsewhere."""
    import logging

    from muse.cli.jam_screen import drawn_screen
    from muse.cli.progress import bar, say, wanted
    from muse.tools.jam.play import jam as play
    from muse.tools.jam.play import no_word

    if not wiring.is_live:
        with bar("jam") as report:
            return play(request, wiring, seed, report=report)
    if not wanted():
        is_quiet = not logging.getLogger("muse").isEnabledFor(logging.INFO)
        return play(request, wiring, seed, tell=no_word if is_quiet else say)
    with drawn_screen() as draw:
        return play(request, wiring, seed, show=draw)


def show(outcome: "Outcome", as_json: bool) -> None:
    """What came of it: a line for people, JSON where that is asked for."""
    import logging

    from muse.cli.output import print_json
    from muse.tools.jam.takes.replay import agreement_lines

    if as_json:
        print_json(outcome)
        return
    words = f"{outcome.beats} beats, {outcome.late} without the brain"
    if outcome.latency["events"]:
        words += f"; events late by {outcome.latency['p95_ms']} ms (95 %)"
    log = logging.getLogger("muse")
    log.info("%s", words)
    if outcome.agreement:
        for line in agreement_lines(outcome.agreement, ("before", "now")):
            log.info("%s", line)


def show_ports(as_json: bool) -> int:
    """The MIDI ports of this machine."""
    from muse.cli.output import print_json, print_table
    from muse.tools.jam.ports.port_names import list_ports

    ports = list_ports()
    if as_json or not sys.stdout.isatty():
        print_json(ports)
    else:
        words = {"in": "to hear: --in", "out": "to play into: --out"}
        rows: list[tuple[str, ...]] = [
            (words[port.direction], port.name, port.api) for port in ports
        ]
        print_table("MIDI ports", ("", "name", "system"), rows)
    return 0


def show_bench(source: str | None, model: str, minutes: float, as_json: bool) -> int:
    """Figures of the timing, and whether they hold their bars; 1 where one does not."""
    from muse.cli.output import print_json
    from muse.cli.progress import bar
    from muse.tools.jam.benchmark.accompanist import measure_jam
    from muse.tools.jam.benchmark.table import table

    with bar("jam") as report:
        figures = measure_jam(minutes * 60, source, model=model, report=report)
    if as_json or not sys.stdout.isatty():
        print_json(figures)
    if not as_json:
        print(table(figures), file=sys.stderr)
    return int(not all(each["holds"] for each in figures["bars"].values()))
