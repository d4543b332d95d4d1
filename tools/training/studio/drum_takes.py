"""Renders drum scores with kits, alone or in a band, as examples for the drum net.

Conventions: audio is mono float32 (frames,) at RATE. A take is LENGTH_S of audio with its hits
(drum_scores.py); takes without hits are music without drums, in which none must be found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.training.studio.drum_kits import DRUMS, OTHER, RATE, Kit, Mono, Variant
from muse.tools.training.studio.drum_scores import Hits, Rng, draw_hits, passage
from muse.tools.training.studio.effects import random_chain, rms

LENGTH_S = 10.0
LENGTH = round(LENGTH_S * RATE)

# level of each drum at full velocity, dB, by the energy of its attack; and how much that varies
DRUM_DB = {
    "kick": 0.0,
    "snare": 0.0,
    "side stick": -7.0,
    "closed hi-hat": -14.0,
    "open hi-hat": -10.0,
    "low tom": -2.0,
    "mid tom": -2.0,
    "high tom": -2.0,
    "crash": -6.0,
    "ride": -13.0,
    OTHER: -10.0,
}
DRUM_SPREAD_DB = 4.0
VELOCITY_DB = (18.0, 40.0)  # range of the levels of velocities 1 to 127
ATTACK_S = 0.1
TUNING = 2.5  # semitones, largest change of the pitch of a drum
DAMPED, DAMPING_S = 0.3, (0.08, 0.6)  # share of drums that decay sooner, and the time to -60 dB
CYMBAL_DAMPING_S = (0.6, 2.5)
CYMBALS = ("crash", "ride", "open hi-hat")
CHOKE_S = 0.04  # in which a stroke of the closed hi-hat ends the open one
OTHER_SHARE, OTHER_HITS = 0.25, 12  # of takes with other percussion, and its most hits
PATTERNS = 0.4  # share of the performances that are drawn rather than recorded
EVERY_KIT = 0.15  # probability that a drum is taken from another kit
SOURCE_SHARES = {
    "muldjord": 0.15,
    "sfz": 0.1,
    "hydrogen": 0.45,
    "soundfont": 0.25,
    "one-shots": 0.05,
}

KINDS = {"alone": 0.3, "band": 0.55, "no drums": 0.15}  # shares of the takes
BAND_DB = (-12.0, 12.0)  # level of the other instruments against the drums
BLEED_DB = (-35.0, -12.0)  # the same in takes of drums alone, half of which have bleed
PARTS = (1, 4)  # of the other instruments
ELECTRONIC = ("24", "25", "HardElectro1", "VariBreaks", "ElectricEmpireKit", "Audiophob")


@dataclass(frozen=True)
class Take:
    """A rendered example.

    Attributes:
        audio: (LENGTH,).
        hits: seconds, index into DRUMS, velocity.
        kind: one of KINDS.
        kit: name of the kit; empty without drums.
    """

    audio: Mono
    hits: Hits
    kind: str
    kit: str = ""


@dataclass(frozen=True)
class Material:
    """What takes of one side are made of.

    Attributes:
        kits: to draw from.
        performances: recorded, in full length.
        parts: recordings of other instruments by kind, each longer than a take or padded.
    """

    kits: Sequence[Kit]
    performances: Sequence[Hits]
    parts: Mapping[str, Sequence[Mono]]


def draw_take(material: Material, rng: Rng) -> Take:
    """Draw a take of a random kind."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    if kind == "no drums":
        return Take(finish(draw_band(material, rng), rng), np.zeros((0, 3)), kind)
    kit = draw_kit(material.kits, rng)
    hits = draw_score(material, rng)
    drums = play(hits, mixed_kit(kit, material.kits, rng), rng)
    chain = "electronic" if kit.name.rpartition("/")[2] in ELECTRONIC else "recording"
    drums = random_chain(rng, chain)(drums, RATE)
    if kind == "band":
        drums = add_at(drums, draw_band(material, rng), rng.uniform(*BAND_DB))
    elif rng.random() < 0.5:
        drums = add_at(drums, draw_band(material, rng), rng.uniform(*BLEED_DB))
    return Take(finish(drums, rng), hits, kind, kit.name)


def draw_kit(kits: Sequence[Kit], rng: Rng) -> Kit:
    """Draw a source by SOURCE_SHARES, then one of its kits."""
    sources = [kit.name.partition("/")[0] for kit in kits]
    present = [source for source in SOURCE_SHARES if source in sources]
    shares = np.array([SOURCE_SHARES[source] for source in present])
    chosen = rng.choice(present, p=shares / shares.sum())
    own = [kit for kit, source in zip(kits, sources, strict=True) if source == chosen]
    return own[int(rng.integers(len(own)))]


def draw_score(material: Material, rng: Rng) -> Hits:
    """Draw what the drummer plays."""
    if rng.random() < PATTERNS:
        return draw_hits(LENGTH_S, rng)
    performance = material.performances[int(rng.integers(len(material.performances)))]
    return passage(performance, LENGTH_S, rng)


def mixed_kit(kit: Kit, others: Sequence[Kit], rng: Rng) -> Kit:
    """Return a kit with what it lacks, and now and then a drum, taken from other kits."""
    drums: dict[str, list[Variant]] = {}
    for drum in (*DRUMS, OTHER):
        having = [other for other in others if drum in other.drums]
        is_own = drum in kit.drums and rng.random() >= EVERY_KIT
        source = kit if is_own or not having else having[int(rng.integers(len(having)))]
        if drum in source.drums:
            drums[drum] = source.drums[drum]
    return Kit(kit.name, drums)


def play(hits: Hits, kit: Kit, rng: Rng) -> Mono:
    """Return the sound of hits on a kit, with the tuning and balance of this take."""
    audio = np.zeros(LENGTH + RATE * 3, np.float32)
    range_db = rng.uniform(*VELOCITY_DB)
    for index, drum in enumerate(DRUMS):
        own = hits[hits[:, 1] == index]
        if len(own) and drum in kit.drums:
            ends = choked_at(own, hits) if drum == "open hi-hat" else np.full(len(own), np.inf)
            strike(audio, own, ends, Sound(kit.drums[drum], drum, range_db, rng))
    if OTHER in kit.drums and rng.random() < OTHER_SHARE:
        count = rng.integers(1, OTHER_HITS)
        times = np.sort(rng.uniform(0.0, LENGTH_S, count))
        rows = np.column_stack([times, np.zeros(count), rng.uniform(40, 120, count)])
        strike(audio, rows, np.full(count, np.inf), Sound(kit.drums[OTHER], OTHER, range_db, rng))
    return audio[:LENGTH]


def choked_at(opened: Hits, hits: Hits) -> NDArray[np.float64]:
    """Return when each stroke of the open hi-hat is ended by the next stroke of the hi-hat."""
    pair = [DRUMS.index("closed hi-hat"), DRUMS.index("open hi-hat")]
    times = np.append(hits[np.isin(hits[:, 1], pair), 0], np.inf)
    ends: NDArray[np.float64] = times[np.searchsorted(times, opened[:, 0], side="right")]
    return ends


class Sound:
    """A drum as it sounds in one take: tuned, damped, balanced; layers are made when needed."""

    def __init__(self, variants: Sequence[Variant], drum: str, range_db: float, rng: Rng) -> None:
        """Draw a variant and its changes."""
        self.variant = variants[int(rng.integers(len(variants)))]
        self.range_db = range_db
        self.ratio = 2.0 ** (rng.uniform(-TUNING, TUNING) / 12.0)
        span = CYMBAL_DAMPING_S if drum in CYMBALS else DAMPING_S
        self.decay_s = rng.uniform(*span) if rng.random() < DAMPED else 0.0
        names = self.variant.layers[0]
        self.mix = {name: rng.uniform(0.0, 1.0) + 0.05 for name in names}
        self.gain_db = DRUM_DB[drum] + rng.normal(0.0, DRUM_SPREAD_DB)
        self.rng = rng
        self._layers: dict[int, Mono] = {}

    def hit(self, velocity: float) -> Mono:
        """Return the sound of one stroke."""
        count = len(self.variant.layers)
        place = velocity / 128.0 * count + self.rng.uniform(-0.4, 0.4)
        layer = self._layer(int(np.clip(place, 0, count - 1)))
        gain_db = self.gain_db - self.range_db * (1.0 - velocity / 127.0)
        return layer * np.float32(10.0 ** (gain_db / 20.0))

    def _layer(self, index: int) -> Mono:
        """Return a layer with the energy of its attack at 1."""
        if index not in self._layers:
            sounds = self.variant.layers[index]
            mixed = sum(np.float32(self.mix.get(name, 0.3)) * one for name, one in sounds.items())
            self._layers[index] = self._changed(np.asarray(mixed, np.float32))
        return self._layers[index]

    def _changed(self, sound: Mono) -> Mono:
        """Return a sound tuned, damped and at the nominal level."""
        frames = np.arange(0, len(sound) - 1, self.ratio)
        tuned = np.interp(frames, np.arange(len(sound)), sound)
        if self.decay_s:
            tuned = tuned * 10.0 ** (-3.0 * np.arange(len(tuned)) / (self.decay_s * RATE))
        attack = tuned[: round(ATTACK_S * RATE)]
        return np.asarray(tuned / (np.sqrt(np.square(attack).mean()) + 1e-9), np.float32)


def strike(audio: Mono, hits: Hits, ends: NDArray[np.float64], sound: Sound) -> None:
    """Add the sound of hits to audio, each until its end."""
    for (time, _, velocity), end in zip(hits, ends, strict=True):
        stroke = sound.hit(velocity)
        start, length = round(time * RATE), len(stroke)
        if np.isfinite(end):
            kept, fade = round((end - time) * RATE), round(CHOKE_S * RATE)
            if kept + fade < length:
                stroke = stroke[: kept + fade].copy()
                stroke[kept:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        room = audio[start : start + len(stroke)]
        room += stroke[: len(room)]


def draw_band(material: Material, rng: Rng) -> Mono:
    """Return other instruments that play together, each at its own level."""
    audio = np.zeros(LENGTH, np.float32)
    kinds = list(material.parts)
    for _ in range(int(rng.integers(*PARTS, endpoint=True))):
        pool = material.parts[kinds[rng.integers(len(kinds))]]
        part = pool[int(rng.integers(len(pool)))]
        start = int(rng.integers(max(len(part) - LENGTH, 0) + 1))
        cut = np.zeros(LENGTH, np.float32)
        piece = part[start : start + LENGTH]
        cut[: len(piece)] = piece
        audio = add_at(audio, cut, rng.uniform(-8.0, 8.0))
    return audio


def add_at(audio: Mono, other: Mono, level_db: float) -> Mono:
    """Add a sound at a level relative to the first one's; to silence, as it is."""
    base, level = rms(audio), rms(other)
    gain = (base / level) * 10.0 ** (level_db / 20.0) if base > 1e-6 and level > 1e-6 else 1.0
    return audio + other * np.float32(gain)


def finish(audio: Mono, rng: Rng) -> Mono:
    """Return a mix as it is published: console, room and codec, and a peak below 1."""
    mastered = random_chain(rng)(audio, RATE) if rng.random() < 0.5 else audio
    return mastered / np.float32(max(float(np.abs(mastered).max(initial=0.0)), 1e-6) * 1.02)
