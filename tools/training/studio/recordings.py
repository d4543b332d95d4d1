"""Recorded stems, loops and one-shots for the studio, with the class of each.

The folders are those of the data folder, and of the Debian package sonic-pi-samples (CC0). Of the
recordings in the data folder only `real/eir` and `real/funk_jam` may be trained on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator

from muse.tools.training.studio.effects import rms
from muse.tools.training.studio.instrument import Audio

SONIC_PI = "/usr/share/sonic-pi/samples"  # where the Debian package has its samples
SPEED_SEMITONES = 3.0  # largest change of the speed
QUIET = 0.15  # of the loudest passage: passages softer than this are not used
TRIES = 20
CACHED_FILES = 40

# file within the data folder, class, name of the recording by which it is held out
STEMS = (
    ("real/eir/*/vocals.ogg", "voice"),
    ("real/eir/*/drums.ogg", "drums"),
    ("real/eir/*/bass.ogg", "bass"),
    ("real/funk_jam/bassguitar.mp3", "bass"),
    ("real/funk_jam/clav.mp3", "keys"),
    ("real/funk_jam/drums.mp3", "drums"),
    ("real/funk_jam/horns.mp3", "winds"),
    ("real/funk_jam/leadguitar.mp3", "guitar"),
)
HELD_OUT_STEMS = ("3.Sodium",)
# file of sonic-pi-samples, class; the first match counts, and files without one are left out
CRATE = (
    ("bd_*", "drums"),
    ("sn_*", "drums"),
    ("drum_bass_*", "drums"),
    ("drum_cowbell*", "drums"),
    ("drum_*", "drums"),
    ("tabla_*", "drums"),
    ("elec_*snare*", "drums"),
    ("elec_*kick*", "drums"),
    ("elec_*tom*", "drums"),
    ("elec_cymbal*", "drums"),
    ("elec_wood*", "drums"),
    ("elec_tick*", "drums"),
    ("perc_snap*", "drums"),
    ("loop_amen*", "drums"),
    ("loop_breakbeat*", "drums"),
    ("loop_compus*", "drums"),
    ("loop_industrial*", "drums"),
    ("loop_mika*", "drums"),
    ("loop_perc*", "drums"),
    ("loop_safari*", "drums"),
    ("loop_tabla*", "drums"),
    ("bass_*", "bass"),
    ("guit_*", "guitar"),
    ("ambi_choir*", "voice"),
    ("ambi_piano*", "keys"),
    ("ambi_glass_rub*", "pad"),
    ("ambi_soft_buzz*", "pad"),
    ("elec_bell*", "mallets"),
    ("elec_chime*", "mallets"),
    ("perc_bell*", "mallets"),
    ("glitch_perc*", "other"),
    ("glitch_robot*", "other"),
    ("vinyl_*", "other"),
    ("misc_*", "other"),
    ("mehackit_*", "other"),
    ("perc_swash*", "other"),
    ("perc_door*", "other"),
    ("ambi_*swoosh*", "other"),
)


@dataclass(frozen=True)
class Recording:
    """A recorded stem, loop or one-shot.

    Attributes:
        name: of the file, with its folder.
        bank: name of the collection.
        role: class of the sound.
        path: of the file.
        is_long: whether passages are cut from it, and not the whole of it taken.
    """

    name: str
    bank: str
    role: str
    path: Path
    is_long: bool

    def passage(self, length_s: float, rate: int, rng: Generator) -> Audio:
        """Return a sounding passage at another speed, (frames,), or all of a short recording."""
        import soxr

        audio, own_rate = read_mono(self.path)
        speed = 2.0 ** (rng.uniform(-SPEED_SEMITONES, SPEED_SEMITONES) / 12.0)
        frames = round(length_s * own_rate * speed)
        if self.is_long:
            audio = sounding(audio, frames, rng)
        return np.asarray(soxr.resample(audio[:frames], own_rate * speed, rate), np.float32)


def sounding(audio: Audio, frames: int, rng: Generator) -> Audio:
    """Return a random passage that is not much softer than the whole."""
    enough = QUIET * rms(audio)
    passage = audio
    for _ in range(TRIES):
        start = int(rng.integers(max(1, len(audio) - frames)))
        passage = audio[start : start + frames]
        if rms(passage) > enough:
            break
    return passage


@lru_cache(CACHED_FILES)
def read_mono(path: Path) -> tuple[Audio, int]:
    """Return a file as mono and its rate in Hz."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(audio.mean(axis=1), np.float32), int(rate)


def all_recordings(data: Path) -> list[Recording]:
    """Return the recordings that are there."""
    return [*stems(data), *crate(data)]


def stems(data: Path) -> Iterator[Recording]:
    """Yield the stems of the data folder."""
    for pattern, role in STEMS:
        for path in sorted(data.glob(pattern)):
            bank = path.relative_to(data).parts[1]
            yield Recording(f"{path.parent.name}/{path.stem}", bank, role, path, True)


def crate(data: Path) -> Iterator[Recording]:
    """Yield the samples of sonic-pi, from sounds/sonic_pi of the data folder or from Debian's."""
    own = data / "sounds" / "sonic_pi"
    for path in sorted((own if own.is_dir() else Path(SONIC_PI)).glob("*.flac")):
        role = next((role for pattern, role in CRATE if fnmatch(path.stem, pattern)), None)
        if role is not None:
            yield Recording(path.stem, "sonic_pi", role, path, path.stem.startswith("loop_"))


def is_held_out_stem(recording: Recording) -> bool:
    """Return whether a recording measures and never trains."""
    return recording.name.startswith(HELD_OUT_STEMS)
