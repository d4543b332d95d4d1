"""Make clips of intervals as arrays.

Conventions: clips are float32 (frames,), mono, full scale 1.0, at the settings' sample rate. A clip
depends on its label alone, and the label on settings, seed and the clip's number.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.intervals.clip_settings import Recipe
from muse.tools.intervals.effects import convolved, decibels, levelled, noise, room, with_noise
from muse.tools.intervals.sample_label import (
    SOUNDED,
    VOICED,
    Choices,
    Label,
    choices,
    dice_for,
    draw,
)
from muse.tools.intervals.sampled_notes import Holder, Sampler
from muse.tools.intervals.timbres import VOICES

Clip = NDArray[np.float32]
Sound = NDArray[np.float64]


class Maker(Holder):
    """Makes clips; a context manager, because FluidSynth must be freed."""

    def __init__(self, recipe: Recipe, seed: int) -> None:
        """Check the settings; soundfonts are loaded when they are first needed.

        Args:
            recipe: settings of the clips.
            seed: 0 or more.

        Raises:
            ParameterError, BadInputError, MissingPartError: as in sample_label.choices.
        """
        super().__init__()
        self.given: Choices = choices(recipe)
        self._recipe = recipe
        self._seed = seed
        self._sampler = self._stack.enter_context(Sampler(recipe.sample_rate))
        self._fonts = {path.stem: path for path in self.given.soundfonts}

    def clip(self, number: int) -> tuple[Clip, Label]:
        """Return a clip and its label.

        Args:
            number: of the clip, 0 or more.
        """
        label = draw(self.given, self._seed, number)
        return self.sound(label), label

    def sound(self, label: Label) -> Clip:
        """Return the clip of a label."""
        dice = dice_for(label.seed, label.number, SOUNDED)
        rate = self._recipe.sample_rate
        clip = self._notes(label)
        if label.reverb_s is not None:
            clip = convolved(clip, room(label.reverb_s, rate, dice))
        if label.snr_db is not None:
            added = noise(len(clip), self._recipe.noise, rate, dice)
            clip = with_noise(clip, sounding(label, rate), label.snr_db, added)
        return levelled(clip, label.peak_dbfs).astype(np.float32)

    def _notes(self, label: Label) -> Sound:
        """Return both notes mixed, without effects."""
        rate = self._recipe.sample_rate
        clip = np.zeros(self._recipe.frames)
        for place in (0, 1):
            start = round(label.onsets_s[place] * rate)
            note = self._note(label, place)[: len(clip) - start]
            gain = decibels((place - 0.5) * label.balance_db)
            clip[start : start + len(note)] += gain * note
        return clip

    def _note(self, label: Label, place: int) -> Sound | Clip:
        """Return the lower note (place 0) or the higher one; both use the same random timbre."""
        frames = round(label.durations_s[place] * self._recipe.sample_rate)
        if label.program is None or label.soundfont is None:
            hertz = (label.low_hz, label.high_hz)[place]
            dice = dice_for(label.seed, label.number, VOICED)
            return VOICES[label.timbre](hertz, frames, self._recipe.sample_rate, dice)
        pitch = (label.low_pitch, label.high_pitch)[place]
        cents = label.detune_cents[place] + label.tuning_cents
        font = self._fonts[label.soundfont]
        return self._sampler.note(font, label.program, pitch, frames, cents)


def sounding(label: Label, rate: int) -> slice:
    """Return the frames from the first onset to the end of the last note."""
    ends = [onset + length for onset, length in zip(label.onsets_s, label.durations_s, strict=True)]
    return slice(round(min(label.onsets_s) * rate), round(max(ends) * rate))


def clips(recipe: Recipe, count: int, seed: int = 0, first: int = 0) -> tuple[Clip, list[Label]]:
    """Return clips, (count, frames), and their labels.

    Args:
        recipe: settings of the clips.
        count: number of clips.
        seed: 0 or more.
        first: number of the first clip.

    Raises:
        ParameterError, BadInputError, MissingPartError: as in sample_label.choices.
    """
    sounds = np.empty((count, recipe.frames), np.float32)
    labels = []
    with Maker(recipe, seed) as maker:
        for row in range(count):
            sounds[row], label = maker.clip(first + row)
            labels.append(label)
    return sounds, labels
