"""A Song to audio, through FluidSynth and a General MIDI soundfont.

Conventions:
    audio is (2, frames) float32 and the song's beat 0 is frame 0. Events are sent between runs of
    exactly as many frames as lie between them; FluidSynth acts on them at its next inner block of
    64 frames, so a note sounds at most 1.5 ms late at 44.1 kHz.
"""

import ctypes
import io
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import numpy as np

from muse.tools.audio.io import Audio, writing_audio
from muse.tools.audio.soundfonts import choose_soundfont
from muse.tools.errors import BadInputError, MissingPartError, MuseError, system_hint
from muse.tools.song.document import Song, Track

log = logging.getLogger("muse")

SAMPLE_RATE = 44_100  # Hz
GAIN = 0.5  # FluidSynth's master gain, linear; its default of 0.2 is quiet
TAIL_S = 2.0  # seconds after the last note, for releases and reverb
MAX_VOICES = 512
DRUM_CHANNEL = 9  # MIDI channel 10
DRUM_BANK = 128
FLUIDSYNTH_FAILED = -1
FLUIDSYNTH_LOG_LEVELS = 5  # panic, error, warning, information, debug
HOMEBREW_ON_ARM = "/opt/homebrew"
BLOCK_FRAMES = 1 << 16  # longest run of frames asked of the synthesizer at once


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """A synthesizer call at a frame; `rank` orders calls that share one: set-up, offs, then ons."""

    frame: int
    rank: int
    call: str
    arguments: tuple[int, ...]


def has_fluidsynth() -> bool:
    """Whether libfluidsynth is on this machine."""
    try:
        load_fluidsynth()
    except MissingPartError:
        return False
    return True


def load_fluidsynth() -> Any:
    """The module `fluidsynth`, with the library's own messages switched off.

    Raises:
        MissingPartError: libfluidsynth is not installed.
    """
    if Path(HOMEBREW_ON_ARM).is_dir():  # where no Python but Homebrew's looks by itself
        os.environ.setdefault("HOMEBREW_PREFIX", HOMEBREW_ON_ARM)
    try:
        with redirect_stdout(io.StringIO()):  # where $CI is set it prints what it found, on stdout
            import fluidsynth
    except ImportError as error:  # pyfluidsynth raises it when the library is not found
        message = f"FluidSynth is not installed; {system_hint('fluidsynth')}"
        raise MissingPartError(message) from error
    for level in range(FLUIDSYNTH_LOG_LEVELS):
        fluidsynth._fl.fluid_set_log_function(level, None, None)
    return fluidsynth


@contextmanager
def synthesizer(
    soundfont: Path, sample_rate: int, gain: float, reverb: bool = True
) -> Iterator[tuple[Any, int]]:
    """A FluidSynth with the soundfont loaded, and the soundfont's id.

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
    """Yield the song's sound as (2, n) blocks of full scale 1.0, in order.

    Args:
        song: what to play; each track gets a channel, drums channel 10.
        soundfont: an .sf2 or .sf3; None takes the best one found.
        sample_rate: in Hz, 8000 to 96000 (FluidSynth's range).
        gain: linear, above 0, at most 10.
        tail_s: seconds that sound after the last event.
        reverb: whether it sounds in a room.

    Raises:
        MissingPartError, BadInputError: see `synthesizer` and `choose_soundfont`.
    """
    font_path = choose_soundfont(soundfont)
    events = synth_events(song, sample_rate)
    end = (events[-1].frame if events else 0) + round(tail_s * sample_rate)
    with synthesizer(font_path, sample_rate, gain, reverb) as (synth, font):
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
    """Choose an instrument; where the soundfont lacks it, the bank's first one, with a warning."""
    if synth.program_select(channel, font, bank, program) == FLUIDSYNTH_FAILED:
        what = "drum kit" if bank == DRUM_BANK else "program"
        log.warning("the soundfont has no %s %d; %s 0 is played", what, program, what)
        synth.program_select(channel, font, bank, 0)


def run_synth(synth: Any, frames: int) -> Audio:
    """The next frames of the synthesizer as (2, frames) float32."""
    import fluidsynth

    audio = np.empty((2, frames), np.float32)
    left, right = (ctypes.c_void_p(channel.ctypes.data) for channel in audio)
    # pyfluidsynth binds the 16-bit call only, which clips
    fluidsynth._fl.fluid_synth_write_float(
        ctypes.c_void_p(synth.synth), frames, left, 0, 1, right, 0, 1
    )
    return audio


def render(song: Song, **options: Any) -> Audio:
    """The whole song as (2, frames) float32; options as `render_blocks`."""
    blocks = list(render_blocks(song, **options))
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((2, 0), np.float32)


def synth_events(song: Song, sample_rate: int) -> list[Event]:
    """The synthesizer calls of a song, ordered by frame."""
    time = song.tempo_map()

    def frame(beat: float) -> int:
        return round(time.seconds_at(beat) * sample_rate)

    events: list[Event] = []
    for channel, track in zip(channels(song.tracks), song.tracks, strict=True):
        bank = DRUM_BANK if track.is_drum else 0
        events.append(Event(0, 0, "program_select", (channel, bank, track.program)))
        events += [
            Event(frame(c.beat), 1, "cc", (channel, c.number, c.value)) for c in track.controls
        ]
        events += [Event(frame(b.beat), 1, "pitch_bend", (channel, b.value)) for b in track.bends]
        for note in track.notes:
            start = frame(note.start_beats)
            end = max(frame(note.start_beats + note.duration_beats), start + 1)
            events.append(Event(start, 3, "noteon", (channel, note.pitch, note.velocity)))
            events.append(Event(end, 2, "noteoff", (channel, note.pitch)))
    return sorted(events)


def channels(tracks: list[Track]) -> list[int]:
    """A MIDI channel for each track: 10 for drums, the others in order; they repeat after 15."""
    free = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    melodic = [i for i, track in enumerate(tracks) if not track.is_drum]
    taken = {i: free[position % len(free)] for position, i in enumerate(melodic)}
    if len(melodic) > len(free):
        log.warning("%d instruments share %d channels", len(melodic), len(free))
    return [taken.get(i, DRUM_CHANNEL) for i in range(len(tracks))]


def render_file(song: Song, path: Path, *, bits: str = "16", **options: Any) -> float:
    """Render into an audio file chosen by its suffix; returns the peak, full scale 1.0.

    A peak above 1.0 is clipped in formats of 16 or 24 bits, with a warning that says what to do.

    Raises:
        MuseError: there is nothing to play.
    """
    if not any(track.notes for track in song.tracks):
        raise MuseError("nothing to play: the song has no notes")
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
    """Render into a WAV on a stream that cannot be sought, by way of a file; as `render_file`."""
    with TemporaryDirectory(prefix="muse-") as folder:
        path = Path(folder) / "song.wav"
        peak = render_file(song, path, bits=bits, **options)
        with path.open("rb") as file:
            shutil.copyfileobj(file, stream)
    return peak
