"""Notes of General MIDI instruments, each rendered once.

Conventions: a note is a mono array at the recipe's rate; it begins with the key and lasts as long
as it is held, then RELEASE_S more. It is the same bytes whatever was played before: FluidSynth runs
in whole blocks of its own, and begins each note twice, since the volume of a voice starts out from
where it was when the voice was last silenced.
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
RELEASE_S = 0.3  # heard after the key is let go
FADE_S = 0.02  # at the end of it
SYNTH_BLOCK = 64  # frames in which FluidSynth computes
REHEARSED_S = 0.1  # of the first beginning; voices that a soundfont delays begin in it too
ALL_SOUND_OFF = 120  # MIDI controller
CACHE_BYTES = 512 << 20  # of notes kept

Key = tuple[Path, int, int, int]  # soundfont, program, pitch, frames held


class Holder:
    """A context that holds what is to be freed at its end."""

    def __init__(self) -> None:
        """Begin with nothing held."""
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Free what was loaded."""
        self._stack.close()


class Sampler(Holder):
    """Plays single notes from soundfonts; a context, since FluidSynth is to be freed."""

    def __init__(self, sample_rate: int) -> None:
        """Load nothing yet.

        Args:
            sample_rate: in Hz, of what it plays.
        """
        super().__init__()
        self._rate = sample_rate
        self._synths: dict[Path, tuple[Any, int]] = {}
        self._notes: OrderedDict[Key, NDArray[np.float32]] = OrderedDict()
        self._bytes = 0

    def note(
        self, soundfont: Path, program: int, pitch: int, frames: int, cents: float = 0.0
    ) -> NDArray[np.float32]:
        """A note held for so many frames, and its release.

        Args:
            soundfont: an .sf2 or .sf3.
            program: 0 to 127.
            pitch: MIDI's.
            frames: until the key is let go.
            cents: by which it is resampled to sound higher; its length changes with it.

        Raises:
            MissingPartError: libfluidsynth is not installed.
            BadInputError: FluidSynth cannot load the soundfont.
        """
        key = (soundfont, program, pitch, frames)
        if key not in self._notes:
            self._keep(key, self._render(*key))
        self._notes.move_to_end(key)
        return shifted(self._notes[key], cents, self._rate)

    def _keep(self, key: Key, note: NDArray[np.float32]) -> None:
        """Store a note, and drop those longest unused beyond CACHE_BYTES."""
        self._notes[key] = note
        self._bytes += note.nbytes
        while self._bytes > CACHE_BYTES and len(self._notes) > 1:
            self._bytes -= self._notes.popitem(last=False)[1].nbytes

    def _render(
        self, soundfont: Path, program: int, pitch: int, frames: int
    ) -> NDArray[np.float32]:
        """Play one note."""
        synth, font = self._synth(soundfont)
        synth.program_select(CHANNEL, font, 0, program)
        for rehearsed_s in (REHEARSED_S, 0.0):
            silence(synth)
            synth.noteon(CHANNEL, pitch, VELOCITY)
            run_blocks(synth, round(rehearsed_s * self._rate))
        held = run_blocks(synth, frames)
        synth.noteoff(CHANNEL, pitch)
        release = run_blocks(synth, round(RELEASE_S * self._rate))
        fade = round(FADE_S * self._rate)
        release[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
        return np.concatenate([held, release])

    def _synth(self, soundfont: Path) -> tuple[Any, int]:
        """FluidSynth with the soundfont, loaded once."""
        if soundfont not in self._synths:
            opened = synthesizer(soundfont, self._rate, GAIN, reverb=False)
            self._synths[soundfont] = self._stack.enter_context(opened)
        return self._synths[soundfont]


def silence(synth: Any) -> None:
    """Stop what sounds; FluidSynth does so at its next block."""
    synth.cc(CHANNEL, ALL_SOUND_OFF, 0)
    run_blocks(synth, SYNTH_BLOCK)


def run_blocks(synth: Any, frames: int) -> NDArray[np.float32]:
    """The next whole blocks of the synthesizer, no fewer than `frames`, mixed to mono."""
    count = -(-frames // SYNTH_BLOCK) * SYNTH_BLOCK
    mono: NDArray[np.float32] = run_synth(synth, count).mean(axis=0)
    return mono


def shifted(note: NDArray[np.float32], cents: float, rate: int) -> NDArray[np.float32]:
    """The note resampled to sound so many cents higher."""
    if not cents:
        return note
    import soxr

    heard: NDArray[np.float32] = soxr.resample(note, rate * 2 ** (cents / 1200), rate)
    return heard
