"""Render single notes of General MIDI instruments, each once.

Conventions: a note is a mono array at the settings' sample rate; it begins with its key and lasts
while it is held, then RELEASE_S longer. It has the same bytes whatever was played before:
FluidSynth is run in whole blocks, and each note is started twice, because the volume of a voice
begins where it was when the voice was last silenced.
"""

from collections import OrderedDict
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.render import run_synth, synthesizer

VELOCITY = 100
GAIN = 0.5  # FluidSynth's master gain, linear
CHANNEL = 0
RELEASE_S = 0.3  # length after the key is released
FADE_S = 0.02  # fade at the end of the release
SYNTH_BLOCK = 64  # frames that FluidSynth computes at once
FIRST_START_S = 0.1  # length of the first start; includes voices that a soundfont delays
ALL_SOUND_OFF = 120  # MIDI controller
CACHE_BYTES = 512 << 20  # of stored notes

Key = tuple[Path, int, int, int]  # soundfont, program, pitch, frames held


class ResourceOwner:
    """A context manager that closes the resources it has opened when it exits."""

    def __init__(self) -> None:
        """Start without open resources."""
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all resources."""
        self._stack.close()


class Sampler(ResourceOwner):
    """Plays single notes from soundfonts; a context manager, because FluidSynth must be freed."""

    def __init__(self, sample_rate: int) -> None:
        """Start without a loaded soundfont.

        Args:
            sample_rate: of the notes, Hz.
        """
        super().__init__()
        self._rate = sample_rate
        self._synths: dict[Path, tuple[Any, int]] = {}
        self._notes: OrderedDict[Key, NDArray[np.float32]] = OrderedDict()
        self._bytes = 0

    def note(
        self, soundfont: Path, program: int, pitch: int, frames: int, cents: float = 0.0
    ) -> NDArray[np.float32]:
        """Return a note held for a number of frames, with its release.

        Args:
            soundfont: an .sf2 or .sf3 file.
            program: 0 to 127.
            pitch: MIDI.
            frames: until the key is released.
            cents: deviation, made by resampling, which changes the length too.

        Raises:
            MissingPartError: libfluidsynth is not installed.
            BadInputError: FluidSynth cannot load the soundfont.
        """
        key = (soundfont, program, pitch, frames)
        if key not in self._notes:
            self._store(key, self._render(*key))
        self._notes.move_to_end(key)
        return shift_pitch(self._notes[key], cents, self._rate)

    def _store(self, key: Key, note: NDArray[np.float32]) -> None:
        """Store a note; discard the least recently used ones beyond CACHE_BYTES."""
        self._notes[key] = note
        self._bytes += note.nbytes
        while self._bytes > CACHE_BYTES and len(self._notes) > 1:
            self._bytes -= self._notes.popitem(last=False)[1].nbytes

    def _render(
        self, soundfont: Path, program: int, pitch: int, frames: int
    ) -> NDArray[np.float32]:
        """Render one note."""
        synth, font = self._synth(soundfont)
        synth.program_select(CHANNEL, font, 0, program)
        for start_s in (FIRST_START_S, 0.0):
            silence(synth)
            synth.noteon(CHANNEL, pitch, VELOCITY)
            run_blocks(synth, round(start_s * self._rate))
        held = run_blocks(synth, frames)
        synth.noteoff(CHANNEL, pitch)
        release = run_blocks(synth, round(RELEASE_S * self._rate))
        fade = round(FADE_S * self._rate)
        release[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
        return np.concatenate([held, release])

    def _synth(self, soundfont: Path) -> tuple[Any, int]:
        """Return FluidSynth with a soundfont, loaded once."""
        if soundfont not in self._synths:
            opened = synthesizer(soundfont, self._rate, GAIN, reverb=False)
            self._synths[soundfont] = self._stack.enter_context(opened)
        return self._synths[soundfont]


def silence(synth: Any) -> None:
    """Stop all voices; FluidSynth does so at its next block."""
    synth.cc(CHANNEL, ALL_SOUND_OFF, 0)
    run_blocks(synth, SYNTH_BLOCK)


def run_blocks(synth: Any, frames: int) -> NDArray[np.float32]:
    """Run the synthesizer for whole blocks, at least `frames`; returns mono sound."""
    count = -(-frames // SYNTH_BLOCK) * SYNTH_BLOCK
    mono: NDArray[np.float32] = run_synth(synth, count).mean(axis=0)
    return mono


def shift_pitch(note: NDArray[np.float32], cents: float, rate: int) -> NDArray[np.float32]:
    """Resample a note to sound a number of cents higher."""
    if not cents:
        return note
    import soxr

    resampled: NDArray[np.float32] = soxr.resample(note, rate * 2 ** (cents / 1200), rate)
    return resampled
