"""Make clips of intervals as arrays.

Conventions: clips are float32 (frames,), mono, full scale 1.0, at the settings' sample rate. A clip
depends on its label alone, and the label on settings, seed and the clip's number.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.intervals.clip_settings import ClipSettings
from muse.tools.intervals.effects import (
    add_noise,
    convolve,
    db_to_amplitude,
    noise,
    normalize_peak,
    room_response,
)
from muse.tools.intervals.expression import play
from muse.tools.intervals.sample_label import (
    EFFECTS,
    PHASE,
    VOICE,
    Label,
    ResolvedSettings,
    clip_rng,
    resolve_settings,
    sample_label,
)
from muse.tools.intervals.sampled_notes import ResourceOwner, Sampler
from muse.tools.intervals.timbres import VOICES

Clip = NDArray[np.float32]
Sound = NDArray[np.float64]


class ClipMaker(ResourceOwner):
    """Makes clips; a context manager, because FluidSynth must be freed."""

    def __init__(self, settings: ClipSettings, seed: int) -> None:
        """Check the settings; soundfonts are loaded when they are first needed.

        Args:
            settings: of the clips.
            seed: 0 or more.

        Raises:
            ParameterError, BadInputError, MissingPartError: as in sample_label.resolve_settings.
        """
        super().__init__()
        self.resolved: ResolvedSettings = resolve_settings(settings)
        self._settings = settings
        self._seed = seed
        self._sampler = self._stack.enter_context(Sampler(settings.sample_rate))
        self._fonts = {path.stem: path for path in self.resolved.soundfonts}

    def clip(self, number: int) -> tuple[Clip, Label]:
        """Return a clip and its label.

        Args:
            number: of the clip, 0 or more.
        """
        label = sample_label(self.resolved, self._seed, number)
        return self.sound(label), label

    def sound(self, label: Label) -> Clip:
        """Return the clip of a label."""
        rng = clip_rng(label.seed, label.number, EFFECTS)
        rate = self._settings.sample_rate
        clip = self._notes(label)
        if label.reverb_s is not None:
            clip = convolve(clip, room_response(label.reverb_s, rate, rng))
        if label.snr_db is not None:
            added = noise(len(clip), self._settings.noise, rate, rng)
            clip = add_noise(clip, sounding(label, rate), label.snr_db, added)
        return normalize_peak(clip, label.peak_dbfs).astype(np.float32)

    def _notes(self, label: Label) -> Sound:
        """Return both notes mixed, without effects."""
        rate = self._settings.sample_rate
        clip = np.zeros(self._settings.frames)
        for place in (0, 1):
            start = round(label.onsets_s[place] * rate)
            note = self._played_note(label, place)[: len(clip) - start]
            gain = db_to_amplitude((place - 0.5) * label.balance_db)
            clip[start : start + len(note)] += gain * note
        return clip

    def _played_note(self, label: Label, place: int) -> Sound | Clip:
        """Return the lower note (place 0) or the higher one, with its expression."""
        note = self._note(label, place)
        if label.expression is None:
            return note
        phases = clip_rng(label.seed, label.number, PHASE).uniform(size=(2, 2))[place]
        from_cents = 0.0
        if label.onsets_s[place] > label.onsets_s[1 - place]:
            from_cents = 100.0 * (label.low_pitch - label.high_pitch) * (1 if place else -1)
        rate = self._settings.sample_rate
        own = (float(phases[0]), float(phases[1]))
        return play(note, label.expression, rate, own, from_cents)

    def _note(self, label: Label, place: int) -> Sound | Clip:
        """Return the lower note (place 0) or the higher one; both use the same random timbre."""
        frames = round(label.durations_s[place] * self._settings.sample_rate)
        if label.program is None or label.soundfont is None:
            hertz = (label.low_hz, label.high_hz)[place]
            rng = clip_rng(label.seed, label.number, VOICE)
            return VOICES[label.timbre](hertz, frames, self._settings.sample_rate, rng)
        pitch = (label.low_pitch, label.high_pitch)[place]
        cents = label.detune_cents[place] + label.tuning_cents
        font = self._fonts[label.soundfont]
        return self._sampler.note(font, label.program, pitch, frames, cents)


def sounding(label: Label, rate: int) -> slice:
    """Return the frames from the first onset to the end of the last note."""
    ends = [onset + length for onset, length in zip(label.onsets_s, label.durations_s, strict=True)]
    return slice(round(min(label.onsets_s) * rate), round(max(ends) * rate))


def clips(
    settings: ClipSettings, count: int, seed: int = 0, first: int = 0
) -> tuple[Clip, list[Label]]:
    """Return clips, (count, frames), and their labels.

    Args:
        settings: of the clips.
        count: number of clips.
        seed: 0 or more.
        first: number of the first clip.

    Raises:
        ParameterError, BadInputError, MissingPartError: as in sample_label.resolve_settings.
    """
    sounds = np.empty((count, settings.frames), np.float32)
    labels = []
    with ClipMaker(settings, seed) as maker:
        for row in range(count):
            sounds[row], label = maker.clip(first + row)
            labels.append(label)
    return sounds, labels
