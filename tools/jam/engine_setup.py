"""From what is asked, and what is known of the player, to an engine."""

import sys
from dataclasses import asdict, fields, replace

from muse.tools.chords.model import ChordModel
from muse.tools.generation.seeds import choose_seed
from muse.tools.jam.band.rhythm_section import Band
from muse.tools.jam.engine import Engine
from muse.tools.jam.harmony.chord_decider import Harmonist
from muse.tools.jam.inputs import LEAD, Known, counted_in, from_file, from_lines, from_take, is_song
from muse.tools.jam.options import (
    DEFAULT_BPM,
    JamRequest,
    JamSettings,
    is_auto,
    is_file,
    number_in,
    settings_of,
)
from muse.tools.jam.routing import PIPE, Wiring
from muse.tools.jam.takes.records import Header
from muse.tools.jam.takes.replay import Replay
from muse.tools.jam.tempo.beat_clock import Conductor
from muse.tools.jam.tempo.follower import TempoFollower
from muse.tools.song.meter import bar_beats
from muse.tools.song.provenance import muse_version


def as_before(request: JamRequest, replay: Replay) -> JamRequest:
    """The request, and what the take was made with where nothing else is asked for."""
    params = replay.header.params
    before = {
        each.name: params.get(each.name)
        for each in fields(request)
        if getattr(request, each.name) is None and each.name != "bpm"  # the take's tempo is known
    }
    return replace(request, **before)


def chosen_seed(seed: int | None, replay: Replay | None) -> int:
    """The seed asked for, that of the take, or a new one."""
    if seed is None and replay is not None:
        seed = replay.header.seed
    return choose_seed(seed)


def known_player(request: JamRequest, wiring: Wiring, replay: Replay | None) -> Known | None:
    """The player of a take, a file or a pipe; None for one who is live."""
    if replay is not None:
        return from_take(replay)
    if wiring.source == PIPE and wiring.is_live:
        return None
    if wiring.source == PIPE and not is_song(sys.stdin.buffer):
        return from_lines(sys.stdin.buffer)
    if not is_file(wiring.source):
        return None
    asked = None if request.bpm is None or is_auto(request.bpm) else number_in(request.bpm)
    return from_file(str(wiring.source), wiring.track, asked)


def settings_for(
    request: JamRequest, wiring: Wiring, known: Known | None, replay: Replay | None, seed: int
) -> JamSettings:
    """The request, with what is known of the player in the place of what is left open."""
    found = known or Known()
    count_in = int(wiring.is_live)
    if replay is not None:
        count_in = round(-replay.first_beat / bar_beats(found.meter))
    bpm = DEFAULT_BPM if is_auto(request.bpm) else found.bpm
    return settings_of(request, bpm=bpm, meter=found.meter, count_in=count_in, seed=seed)


def in_time(known: Known, settings: JamSettings) -> Known:
    """A known player after the count-in; one who is followed does not tell the tempo."""
    tempos = () if settings.is_following else known.tempos
    beats = settings.count_in * settings.bar_beats
    return counted_in(replace(known, tempos=tempos), beats, settings.bpm)


def engine_of(settings: JamSettings, model: ChordModel) -> Engine:
    """The engine of these settings."""
    meter = settings.meter
    conductor = Conductor(settings.bpm, meter.numerator, meter.denominator, settings.count_in)
    harmonist = Harmonist(
        meter,
        key=settings.key,
        style=settings.style,
        model=model,
        mix=settings.mix,
        ahead=settings.ahead,
        seed=settings.seed,
    )
    band = Band(
        meter,
        settings.style,
        bpm_at=lambda: conductor.bpm,
        voicing=settings.voicing,
        swing=settings.swing,
        seed=settings.seed,
    )
    told = settings.bpm if settings.is_told else None
    follower = TempoFollower(told) if settings.is_following else None
    return Engine(meter, conductor, harmonist, band, follower)


def header_of(
    request: JamRequest, settings: JamSettings, model: ChordModel, lead_s: float
) -> Header:
    """The head of a take; `lead_s` is how long before beats it decides."""
    asked = {name: value for name, value in asdict(request).items() if value is not None}
    return Header(
        version=muse_version(),
        numerator=settings.meter.numerator,
        denominator=settings.meter.denominator,
        params={**asked, LEAD: lead_s},
        seed=settings.seed,
        model=model.name,
        model_hash=model.hash,
    )
