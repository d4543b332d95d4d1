"""Render a Song to audio with FluidSynth and a General MIDI soundfont.

Conventions:
    audio is (2, frames) float32 and beat 0 of the song is frame 0. Between two events exactly the
    frames between them are rendered; FluidSynth applies an event at its next internal block of 64
    frames, so a note starts at most 1.5 ms late at 44.1 kHz. Controllers of one time are
    applied in the order of the song's list, that of its MIDI file; and bends likewise.
"""

import ctypes
import io
import logging
import os
import shutil
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from muse.tools.audio.io import Audio, writing_audio
from muse.tools.audio.soundfonts import choose_soundfont
from muse.tools.errors import BadInputError, MissingPartError, MuseError, system_hint
from muse.tools.song.document import Program, Song, Track
from muse.tools.temporary import temporary_folder

log = logging.getLogger("muse")

SAMPLE_RATE = 44_100  # Hz
GAIN = 0.5  # FluidSynth's master gain, linear; its default of 0.2 is quiet
TAIL_S = 2.0  # seconds after the last note, for releases and reverb
MAX_VOICES = 512
DRUM_CHANNEL = 9  # MIDI channel 10
PORT_CHANNELS = 16  # of one MIDI port
MAX_PORTS = 16  # FluidSynth is opened with 256 channels
MELODIC_CHANNELS = tuple(c for c in range(PORT_CHANNELS) if c != DRUM_CHANNEL)
BANK_SELECT = 0  # controller, whose value is the bank of the next program
DRUM_BANK = 128
FLUIDSYNTH_FAILED = -1
FLUIDSYNTH_LOG_LEVELS = 5  # panic, error, warning, information, debug
HOMEBREW_ON_ARM = "/opt/homebrew"  # not on the library path of other Pythons
NO_NOTES = "nothing to play: the song has no notes"
NO_NOTES_BUT_CHORDS = (
    f"{NO_NOTES}, only chords; 'muse chords --prompt CHORDS -o song.wav' plays chords"
)
BLOCK_FRAMES = 1 << 16  # most frames rendered at once


@dataclass(frozen=True, slots=True)
class Event:
    """A synthesizer call at a frame; calls at one frame are ordered by `rank`, offs before ons.

    Calls of one frame and rank keep their order.
    """

    frame: int
    rank: int
    call: str
    arguments: tuple[int, ...]


def has_fluidsynth() -> bool:
    """Return whether libfluidsynth is installed."""
    try:
        load_fluidsynth()
    except MissingPartError:
        return False
    return True


def load_fluidsynth() -> Any:
    """Import `fluidsynth`, with the log messages of the library switched off.

    Raises:
        MissingPartError: libfluidsynth is not installed.
    """
    if Path(HOMEBREW_ON_ARM).is_dir():
        os.environ.setdefault("HOMEBREW_PREFIX", HOMEBREW_ON_ARM)
    try:
        with redirect_stdout(io.StringIO()):  # pyfluidsynth prints to stdout if $CI is set
            import fluidsynth
    except ImportError as error:  # also raised by pyfluidsynth without the library
        message = f"FluidSynth is not installed; {system_hint('fluidsynth')}"
        raise MissingPartError(message) from error
    for level in range(FLUIDSYNTH_LOG_LEVELS):
        fluidsynth._fl.fluid_set_log_function(level, None, None)
    return fluidsynth


@contextmanager
def synthesizer(
    soundfont: Path, sample_rate: int, gain: float, reverb: bool = True
) -> Iterator[tuple[Any, int]]:
    """Open a FluidSynth with a soundfont; yield it and the id of the soundfont.

    Raises:
        MissingPartError: libfluidsynth is not installed.
        BadInputError: FluidSynth cannot load the soundfont.
    """
    fluidsynth = load_fluidsynth()
    settings = {
        "synth.polyphony": MAX_VOICES,
        "synth.chorus.active": 0,
        "synth.reverb.active": int(reverb),
        "synth.cpu-cores": 1,
    }
    synth = fluidsynth.Synth(gain=float(gain), samplerate=float(sample_rate), **settings)
    try:
        font = synth.sfload(str(soundfont))
        if font == FLUIDSYNTH_FAILED:
            raise BadInputError(f"{soundfont}: FluidSynth cannot load this soundfont")
        yield synth, font
    finally:
        synth.delete()


def render_blocks(
    song: Song,
    *,
    soundfont: Path | None = None,
    sample_rate: int = SAMPLE_RATE,
    gain: float = GAIN,
    tail_s: float = TAIL_S,
    reverb: bool = True,
) -> Iterator[Audio]:
    """Yield the audio of a song as (2, n) blocks, full scale 1.0.

    Args:
        song: each track gets a channel, drums of one kit share one.
        soundfont: an .sf2 or .sf3 file; None takes the best one found.
        sample_rate: in Hz, 8000 to 96000 (the range of FluidSynth).
        gain: linear, above 0, at most 10.
        tail_s: seconds rendered after the last event.
        reverb: whether to add FluidSynth's reverb.

    Raises:
        MissingPartError, BadInputError: see `synthesizer` and `choose_soundfont`.
    """
    font_path = choose_soundfont(soundfont)
    events = synth_events(song, sample_rate)
    end = (events[-1].frame if events else 0) + round(tail_s * sample_rate)
    with synthesizer(font_path, sample_rate, gain, reverb) as (synth, font):
        yield from play_events(synth, font, events, end)


def play_events(synth: Any, font: int, events: Iterable[Event], end: int) -> Iterator[Audio]:
    """Yield the audio of events in order, up to the frame `end`, as (2, n) blocks."""
    now = 0
    for event in [*events, Event(end, 0, "end", ())]:
        while now < event.frame:
            count = min(event.frame - now, BLOCK_FRAMES)
            yield run_synth(synth, count)
            now += count
        if event.call == "program_select":
            select_program(synth, font, *event.arguments)
        elif event.call != "end":
            getattr(synth, event.call)(*event.arguments)


def select_program(synth: Any, font: int, channel: int, bank: int, program: int) -> None:
    """Select an instrument; if the soundfont lacks it, warn and take the first of the bank.

    Banks of variations that the soundfont lacks are replaced by bank 0, as synthesizers do.
    """
    banks = (bank,) if bank == DRUM_BANK else (bank, 0)
    for each in banks:
        if synth.program_select(channel, font, each, program) != FLUIDSYNTH_FAILED:
            return
    bank = banks[-1]
    what = "drum kit" if bank == DRUM_BANK else "program"
    if program and synth.program_select(channel, font, bank, 0) != FLUIDSYNTH_FAILED:
        log.warning("the soundfont has no %s %d; playing %s 0 instead", what, program, what)
    else:
        log.warning("the soundfont has no %s %d; its notes are silent", what, program)


def run_synth(synth: Any, frames: int) -> Audio:
    """Render the next frames as (2, frames) float32."""
    import fluidsynth

    audio = np.empty((2, frames), np.float32)
    left, right = (ctypes.c_void_p(channel.ctypes.data) for channel in audio)
    # pyfluidsynth binds only the 16-bit call, which clips
    fluidsynth._fl.fluid_synth_write_float(
        ctypes.c_void_p(synth.synth), frames, left, 0, 1, right, 0, 1
    )
    return audio


def render(song: Song, **options: Any) -> Audio:
    """Render a whole song as (2, frames) float32; options as for `render_blocks`."""
    blocks = list(render_blocks(song, **options))
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((2, 0), np.float32)


def synth_events(song: Song, sample_rate: int) -> list[Event]:
    """Return the synthesizer calls of a song, in order."""
    time = song.tempo_map()

    def frame(beat: float) -> int:
        return round(time.seconds_at(beat) * sample_rate)

    events: list[Event] = []
    for channel, track in zip(channels(song.tracks), song.tracks, strict=True):
        for beat, bank, program in selected_programs(track):
            events.append(Event(frame(beat), 0, "program_select", (channel, bank, program)))
        events += [
            Event(frame(c.beat), 1, "cc", (channel, c.number, c.value)) for c in track.controls
        ]
        events += [Event(frame(b.beat), 1, "pitch_bend", (channel, b.value)) for b in track.bends]
        for note in track.notes:
            start = frame(note.start_beats)
            end = max(frame(note.start_beats + note.duration_beats), start + 1)
            events.append(Event(start, 3, "noteon", (channel, note.pitch, note.velocity)))
            events.append(Event(end, 2, "noteoff", (channel, note.pitch)))
    return sorted(events, key=lambda event: (event.frame, event.rank))


def selected_programs(track: Track) -> Iterator[tuple[float, int, int]]:
    """Yield beat, bank and program of each program of a track, the first at beat 0."""
    first_note = min((note.start_beats for note in track.notes), default=0.0)
    yield 0.0, bank_at(track, first_note), track.program
    for change in track.programs:
        yield change.beat, bank_at(track, change.beat), change.program


def bank_at(track: Track, beat: float) -> int:
    """Return the bank for a program at a beat: of drum kits, or what bank select has set."""
    if track.is_drum:
        return DRUM_BANK
    selects = [control for control in track.controls if control.number == BANK_SELECT]
    place = bisect_right(selects, beat, key=lambda control: control.beat)
    return selects[place - 1].value if place else 0


def channels(tracks: list[Track]) -> list[int]:
    """Return a channel for each track: its own for each instrument, one for each drum kit.

    The channels of port p are 16 p to 16 p + 15; drums are on the tenth of a port.
    """
    kits: list[tuple[int, list[Program]]] = []
    taken, melodic = [], 0
    for track in tracks:
        if track.is_drum:
            kit = (track.program, track.programs)
            kits += [] if kit in kits else [kit]
            port, channel = kits.index(kit), DRUM_CHANNEL
        else:
            port, place = divmod(melodic, len(MELODIC_CHANNELS))
            channel = MELODIC_CHANNELS[place]
            melodic += 1
        taken.append(port % MAX_PORTS * PORT_CHANNELS + channel)
    if melodic > MAX_PORTS * len(MELODIC_CHANNELS):
        log.warning("%d instruments share %d channels", melodic, MAX_PORTS * len(MELODIC_CHANNELS))
    return taken


def render_file(song: Song, path: Path, *, bits: str = "16", **options: Any) -> float:
    """Render to an audio file, in the format of its suffix; return the peak, full scale 1.0.

    A peak above 1.0 is clipped in 16 and 24 bits, with a warning.

    Raises:
        MuseError: the song has no notes.
    """
    if not any(track.notes for track in song.tracks):
        raise MuseError(NO_NOTES_BUT_CHORDS if song.chords else NO_NOTES)
    rate = options.get("sample_rate", SAMPLE_RATE)
    peak = 0.0
    with writing_audio(path, rate, 2, bits=bits) as writer:
        for block in render_blocks(song, **options):
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
            writer.write(block)
    if peak > 1.0 and bits != "32f":
        log.warning("%s clips (peak %.2f); lower --gain", path, peak)
    return peak


def render_to_stream(song: Song, stream: BinaryIO, *, bits: str = "16", **options: Any) -> float:
    """Render a WAV to a stream that cannot seek, by way of a temporary file; as `render_file`."""
    with temporary_folder() as folder:
        path = folder / "song.wav"
        peak = render_file(song, path, bits=bits, **options)
        with path.open("rb") as file:
            shutil.copyfileobj(file, stream)
    return peak
