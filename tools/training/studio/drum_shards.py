"""Takes of drums rendered into files, which a later run with the same seed reads.

A shard holds SHARD_TAKES takes as float16 levels (takes, frames, bands) of drum_features.py, their
hits, and their kinds. Each shard has its own random numbers, so that shards may be rendered in any
order. A side of the data is 'train' or 'held out'; no kit, drummer, song or recording is in both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.soundfonts import find_soundfonts
from muse.tools.files import replacing
from muse.tools.training.studio import band_parts, drum_kits
from muse.tools.training.studio.drum_kits import RATE, Kit
from muse.tools.training.studio.drum_scores import Hits, groove_performances
from muse.tools.training.studio.drum_takes import LENGTH_S, Material, Take, draw_take
from muse.tools.transcription.drum_features import FRAMES_PER_SECOND, measure_levels

TRAIN, HELD_OUT = "train", "held out"
SHARD_TAKES = 64
SFZ_KIT = "gm_discord_bank_cc0_ccby/Discord GM/Drums/001-Standard Kit.sfz"
TAKE_FRAMES = round(LENGTH_S * FRAMES_PER_SECOND) + 1
# POP909 excerpts of each side, by index (performances.py); those of note-net's held-out songs
EXCERPTS = {TRAIN: range(0, 48), HELD_OUT: range(598, 614)}
STUDIO_PARTS = {TRAIN: 40, HELD_OUT: 8}  # of each class of instrument
SIDE_SEEDS = {TRAIN: 0, HELD_OUT: 1}


@dataclass(frozen=True)
class Sounds:
    """Where the sounds are.

    Attributes:
        data: the data folder.
        system: folder of installed sounds, in which Debian's packages put them.
        soundfonts: names of those that play the other instruments.
        seed: of everything that varies.
    """

    data: Path
    system: Path
    soundfonts: tuple[str, ...]
    seed: int

    @cached_property
    def kits(self) -> list[Kit]:
        """All kits that are found."""
        muldjord = self.data / "sounds" / "drums_muldjordkit_ccby"
        found = [*drum_kits.hydrogen_kits(self.system / "hydrogen" / "data" / "drumkits")]
        found += drum_kits.muldjord_kit(muldjord) if muldjord.is_dir() else []
        if (bank := self.data / "sounds" / SFZ_KIT).is_file():
            found += drum_kits.sfz_kit(bank)
        found += drum_kits.one_shot_kit(self.system / "sonic-pi" / "samples")
        for soundfont in find_soundfonts():
            found += drum_kits.soundfont_kits(soundfont)
        return [kit for kit in found if kit.drums]

    def material(self, side: str) -> Material:
        """Return what takes of a side are made of."""
        kits = [kit for kit in self.kits if drum_kits.is_held_out(kit) == (side == HELD_OUT)]
        hits = list(groove_performances(self.data / "groove", side == HELD_OUT))
        rng = np.random.default_rng([self.seed, SIDE_SEEDS[side]])
        rendered = band_parts.rendered_parts(self.data, EXCERPTS[side], self.soundfonts)
        studio = band_parts.studio_parts(self.data, side, STUDIO_PARTS[side], self.seed)
        parts = band_parts.merged(band_parts.real_parts(self.data, side), rendered, studio)
        return Material(kits, hits, band_parts.amplified(parts, rng))


@dataclass(frozen=True)
class Shard:
    """The takes of a file.

    Attributes:
        levels: (takes, TAKE_FRAMES, BANDS) float16, dB.
        hits: of each take: seconds, index of the drum, velocity.
        kinds: of each take.
        kits: of each take.
    """

    levels: NDArray[np.float16]
    hits: list[Hits]
    kinds: list[str]
    kits: list[str]


def shard_path(folder: Path, side: str, index: int) -> Path:
    """Return where a shard is kept."""
    return folder / f"{side.replace(' ', '-')}-{index:04d}.npz"


def render_shard(material: Material, side: str, index: int, seed: int) -> Shard:
    """Render the takes of a shard."""
    rng = np.random.default_rng([seed, SIDE_SEEDS[side], index])
    return pack([draw_take(material, rng) for _ in range(SHARD_TAKES)])


def pack(takes: Sequence[Take]) -> Shard:
    """Return takes as arrays."""
    levels = np.stack([measure_levels([take.audio], RATE) for take in takes])
    hits = [take.hits for take in takes]
    return Shard(levels, hits, [take.kind for take in takes], [take.kit for take in takes])


def save_shard(path: Path, shard: Shard) -> None:
    """Write a shard, whole or not at all."""
    counts = np.array([len(hits) for hits in shard.hits])
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            levels=shard.levels,
            hits=np.concatenate([*shard.hits, np.zeros((0, 3))]),
            counts=counts,
            kinds=np.array(shard.kinds),
            kits=np.array(shard.kits),
        )


def load_shard(path: Path) -> Shard:
    """Read what `save_shard` wrote."""
    with np.load(path) as stored:
        hits = np.split(stored["hits"], np.cumsum(stored["counts"])[:-1])
        return Shard(stored["levels"], hits, stored["kinds"].tolist(), stored["kits"].tolist())


def shards(sounds: Sounds, folder: Path, side: str, count: int) -> Iterator[Path]:
    """Yield the files of `count` shards of a side; those that are missing are rendered.

    Args:
        sounds: to render with; read only if a shard is missing.
        folder: of the files.
        side: of the data.
        count: of shards.
    """
    material: Material | None = None
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        path = shard_path(folder, side, index)
        if not path.is_file():
            material = material or sounds.material(side)
            save_shard(path, render_shard(material, side, index, sounds.seed))
        yield path
