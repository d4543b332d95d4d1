"""Input of a transcription engine: one chunk of audio and its spectra."""

from dataclasses import dataclass
from functools import cached_property

from muse.tools.audio.spectra import (
    LONG_WINDOW,
    SHORT_WINDOW,
    Matrix,
    Signal,
    partial_power,
    power_to_db,
    semitone_power,
)


@dataclass(frozen=True)
class EngineInput:
    """A chunk of mono audio, with spectra that are computed when first used.

    Attributes:
        audio: (samples,) float32 at `muse.models.basic_pitch.SAMPLE_RATE`, tuned to A440.
    """

    audio: Signal

    @cached_property
    def long_power(self) -> Matrix:
        """Power in each semitone over LONG_WINDOW, (frames, ROWS): fine in frequency."""
        return semitone_power(self.audio, LONG_WINDOW)

    @cached_property
    def short_power(self) -> Matrix:
        """Power in each semitone over SHORT_WINDOW, (frames, ROWS): fine in time."""
        return semitone_power(self.audio, SHORT_WINDOW)

    @cached_property
    def level_db(self) -> Matrix:
        """Power of each pitch's partials over SHORT_WINDOW, (frames, pitches), in dB."""
        return power_to_db(partial_power(self.short_power))
