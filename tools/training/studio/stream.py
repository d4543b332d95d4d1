"""Examples of the studio, one after the other: an instrument plays a score, effects change it.

An example is decided by the seed and its index alone, so a run can be repeated or continued.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.random import Generator

from muse.tools.training.studio.catalogue import all_instruments, is_held_out
from muse.tools.training.studio.effects import random_chain, rms
from muse.tools.training.studio.instrument import Audio, Instrument
from muse.tools.training.studio.recordings import Recording, all_recordings, is_held_out_stem
from muse.tools.training.studio.scores import STYLES, Setting, draw_setting
from muse.tools.training.studio.song_scores import DRUMMING, hit, read_song_scores
from muse.tools.transcription.note_event import NoteEvent

SONGS = 120  # of each collection whose tracks are played
DETUNE_CENTS = 40.0
DETUNED, EFFECTS, BLEEDS = 0.5, 0.85, 0.25  # shares of the examples
RECORDED = 0.35  # share of recordings in the examples of a class that has any
MIXES = 0.6  # share of whole mixes in the examples of the class 'other'
MIX_PARTS = (3, 6)  # fewest and most parts of a mix
BLEED_DB = (14.0, 40.0)  # by which another instrument that bleeds in is softer
SILENCE = 1e-4
TRIES = 8
DRUM_KEYS = (35, 36, 37, 38, 39, 40, 41, 42, 44, 45, 46, 48, 49, 51, 54, 56, 57)
STYLE_OF_SONGS = {"song_line": "melody", "song_accompaniment": "chord_pattern"}  # without songs

Side = Literal["train", "held_out"]
Sound = TypeVar("Sound", Instrument, Recording)


@dataclass(frozen=True)
class Example:
    """A short recording of one part.

    Attributes:
        audio: mono float32 (frames,) at `rate`.
        rate: in Hz.
        notes: that are played; empty for recordings and mixes, whose notes are not known.
        name: of the instrument or recording.
        bank: that it is from.
        role: its class, of `muse.models.role_net.config.CLASSES`.
    """

    audio: Audio
    rate: int
    notes: list[NoteEvent]
    name: str
    bank: str
    role: str


class Studio:
    """All sounds and scores of one side.

    Attributes:
        roles: classes of which there is a sound.
    """

    def __init__(self, data: Path, side: Side, songs: int = SONGS) -> None:
        """Find the instruments and read the scores.

        Args:
            data: the data folder; what it lacks is left out.
            side: which instruments play; no instrument is on both sides.
            songs: of each collection.
        """
        held_out = side == "held_out"
        instruments = [i for i in all_instruments(data) if is_held_out(i) == held_out]
        recordings = [r for r in all_recordings(data) if is_held_out_stem(r) == held_out]
        self._instruments = by_role_and_bank(instruments)
        self._recordings = by_role_and_bank(recordings)
        self._scores = read_song_scores(data, songs)
        self.roles = tuple(self._instruments)

    def example(self, role: str, length_s: float, rate: int, seed: Sequence[int]) -> Example:
        """Return an example of a class; the same seed gives the same example.

        Args:
            role: one of `roles`.
            length_s: of its audio, at most.
            rate: sample rate in Hz.
            seed: integers.
        """
        rng = np.random.default_rng(list(seed))
        for _ in range(TRIES):
            made = self._dry(role, length_s, rate, rng)
            if rms(made.audio) > SILENCE:
                break
        audio = made.audio / np.float32(max(float(np.abs(made.audio).max(initial=0.0)), SILENCE))
        audio = self._effects(audio, made, rng)
        return Example(audio, rate, made.notes, made.name, made.bank, role)

    def stream(self, length_s: float, rate: int, seed: int) -> Iterator[Example]:
        """Yield examples without end, the classes in turn."""
        index = 0
        while True:
            yield self.example(self.roles[index % len(self.roles)], length_s, rate, (seed, index))
            index += 1

    def _dry(self, role: str, length_s: float, rate: int, rng: Generator) -> Example:
        """Return an example without effects."""
        if role == "other" and rng.random() < MIXES:
            return self._mix(length_s, rate, rng)
        if role in self._recordings and rng.random() < RECORDED:
            recording = draw(self._recordings[role], rng)
            audio = recording.passage(length_s, rate, rng)
            return Example(audio, rate, [], recording.name, recording.bank, role)
        instrument = draw(self._instruments[role], rng)
        setting = draw_setting(rng, length_s, instrument.lowest, instrument.highest)
        notes = self._notes(instrument, setting)
        cents = rng.uniform(-DETUNE_CENTS, DETUNE_CENTS) if rng.random() < DETUNED else 0.0
        audio = instrument.play(notes, rate, cents, rng)[: round(length_s * rate)]
        return Example(audio, rate, notes, instrument.name, instrument.bank, role)

    def _notes(self, instrument: Instrument, setting: Setting) -> list[NoteEvent]:
        """Return a score in a style that suits an instrument."""
        style = str(setting.rng.choice(list(instrument.styles)))
        if style == "drum_hit" or (style == DRUMMING and DRUMMING not in self._scores.scores):
            return hit(setting.rng, DRUM_KEYS)
        if style in self._scores.scores:
            return self._scores.excerpt(style, setting)
        return STYLES[STYLE_OF_SONGS.get(style, style)](setting)

    def _mix(self, length_s: float, rate: int, rng: Generator) -> Example:
        """Return the sum of several instruments at similar levels."""
        total = np.zeros(round(length_s * rate), np.float32)
        roles = [role for role in self.roles if role != "other"]
        for role in rng.choice(roles, int(rng.integers(MIX_PARTS[0], MIX_PARTS[1] + 1))):
            audio = self._dry(str(role), length_s, rate, rng).audio
            gain = np.float32(10 ** (-rng.uniform(0.0, 8.0) / 20) / max(rms(audio), SILENCE))
            total[: len(audio)] += audio[: len(total)] * gain
        return Example(total, rate, [], "mix", "mixes", "other")

    def _effects(self, audio: Audio, made: Example, rng: Generator) -> Audio:
        """Return the audio with bleed of another instrument and a chain of effects."""
        if made.role != "other" and rng.random() < BLEEDS:
            role = str(rng.choice([r for r in self.roles if r != "other"]))
            other = self._dry(role, len(audio) / made.rate, made.rate, rng).audio[: len(audio)]
            gain = 10 ** (-rng.uniform(*BLEED_DB) / 20) * rms(audio) / max(rms(other), SILENCE)
            audio = audio.copy()
            audio[: len(other)] += other * np.float32(gain)
        if rng.random() >= EFFECTS:
            return audio
        return random_chain(rng, self._chain_of(made))(audio, made.rate)

    def _chain_of(self, made: Example) -> str:
        """Return the kind of effects that suits what was played."""
        playing = self._instruments.get(made.role, {}).get(made.bank, [])
        return next((i.chain for i in playing if i.name == made.name), "recording")


def by_role_and_bank(
    sounds: Sequence[Sound],
) -> dict[str, dict[str, list[Sound]]]:
    """Return sounds by class and bank."""
    found: dict[str, dict[str, list[Sound]]] = {}
    for sound in sounds:
        found.setdefault(sound.role, {}).setdefault(sound.bank, []).append(sound)
    return found


def draw(banks: dict[str, list[Sound]], rng: Generator) -> Sound:
    """Draw a bank, and a sound of it; banks count by the square root of their sounds."""
    names = list(banks)
    weights = np.sqrt([len(banks[name]) for name in names])
    sounds = banks[names[int(rng.choice(len(names), p=weights / weights.sum()))]]
    return sounds[int(rng.integers(len(sounds)))]
