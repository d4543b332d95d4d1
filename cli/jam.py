"""`muse jam`: a live accompanist that plays chords and bass."""

import sys
from typing import TYPE_CHECKING

import typer

from muse.cli import jam_options as jo
from muse.cli.help_format import Command
from muse.cli.options import AsJson, Soundfont

if TYPE_CHECKING:
    from muse.tools.jam.options import JamRequest
    from muse.tools.jam.play import JamResult
    from muse.tools.jam.routing import Routing


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("jam", cls=Command)(jam)


def jam(
    source: jo.Source = None,
    track: jo.Track = None,
    replay: jo.Replay = None,
    target: jo.Target = "synth",
    record: jo.Record = None,
    key: jo.Key = None,
    style: jo.Style = None,
    chart: jo.Chart = None,
    voicing: jo.Voicing = None,
    bpm: jo.Bpm = None,
    meter: jo.TimeSignature = None,
    swing: jo.Swing = None,
    count_in: jo.CountIn = None,
    bars: jo.Bars = None,
    model: jo.Model = "auto",
    ahead: jo.Ahead = None,
    mix: jo.Mix = None,
    seed: jo.Seed = None,
    click: jo.Click = None,
    through: jo.Through = None,
    soundfont: Soundfont = None,
    list_ports: jo.ListPorts = False,
    bench: jo.Bench = False,
    minutes: jo.Minutes = 1.0,
    as_json: AsJson = False,
) -> int:
    """Accompany a MIDI keyboard, a file or a pipe with chords and bass.

    The band plays through the built-in synthesizer, a MIDI port, or into a file; Ctrl-C ends the
    take. From a file to a file it runs faster than real time.

    Example: muse jam --in "Digital Piano" --style neo-soul --record take
    Example: muse jam --in solo.mid --out take.mid --seed 7
    Example: muse jam --list-ports
    """
    from muse.tools.jam.options import JamRequest
    from muse.tools.jam.routing import Routing

    if list_ports:
        return show_ports(as_json)
    if bench:
        return show_bench(source, model, minutes, as_json)
    request = JamRequest(bpm, meter, key, style, ahead, mix, count_in, voicing, swing, chart)
    routing = Routing(source, target, model, track, soundfont, click, through, bars, record, replay)
    show(run(request, routing, seed), as_json)
    return 0


def run(request: "JamRequest", routing: "Routing", seed: int | None) -> "JamResult":
    """Play with a live screen on a terminal, else with one line on stderr for each bar."""
    import logging

    from muse.cli.jam_screen import drawn_screen
    from muse.cli.progress import print_message, progress_bar, shows_progress
    from muse.tools.jam.play import ignore_line
    from muse.tools.jam.play import jam as play

    if not routing.is_live:
        with progress_bar("jam") as report:
            return play(request, routing, seed, report=report)
    if not shows_progress():
        is_quiet = not logging.getLogger("muse").isEnabledFor(logging.INFO)
        return play(request, routing, seed, print_bar=ignore_line if is_quiet else print_message)
    with drawn_screen() as draw:
        return play(request, routing, seed, show=draw)


def show(outcome: "JamResult", as_json: bool) -> None:
    """Print the outcome: a summary on stderr, or JSON with --json."""
    import logging

    from muse.cli.output import print_json
    from muse.tools.jam.takes.replay import agreement_lines

    if as_json:
        print_json(outcome)
        return
    summary = f"{outcome.beats} beats, {outcome.late} without a prediction in time"
    if outcome.latency["events"]:
        summary += f"; latency {outcome.latency['p95_ms']} ms (95th percentile)"
    log = logging.getLogger("muse")
    log.info("%s", summary)
    if outcome.agreement:
        for line in agreement_lines(outcome.agreement, ("recorded take", "new take")):
            log.info("%s", line)


def show_ports(as_json: bool) -> int:
    """Print the MIDI ports of this machine."""
    from muse.cli.output import print_json, print_table
    from muse.tools.jam.ports.port_names import list_ports

    ports = list_ports()
    if as_json or not sys.stdout.isatty():
        print_json(ports)
    else:
        options = {"in": "--in", "out": "--out"}
        rows: list[tuple[str, ...]] = [
            (options[port.direction], port.name, port.api) for port in ports
        ]
        print_table("MIDI ports", ("option", "name", "MIDI system"), rows)
    return 0


def show_bench(source: str | None, model: str, minutes: float, as_json: bool) -> int:
    """Measure and print the timing; return 1 if a figure misses its limit."""
    from muse.cli.output import print_json
    from muse.cli.progress import progress_bar
    from muse.tools.jam.benchmark.accompanist import benchmark_jam
    from muse.tools.jam.benchmark.table import table

    with progress_bar("jam") as report:
        figures = benchmark_jam(minutes * 60, source, model=model, report=report)
    if as_json or not sys.stdout.isatty():
        print_json(figures)
    if not as_json:
        print(table(figures), file=sys.stderr)
    return int(not all(each["holds"] for each in figures["limits"].values()))
