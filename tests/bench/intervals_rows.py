"""The kinds of clips that interval-net is measured on, each a row of the bench."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from intervals_ways import Clip
from named_soundfont import named_soundfont

from muse.tools.intervals.clip_settings import ClipSettings
from muse.tools.intervals.generate import ClipMaker
from muse.tools.intervals.sample_label import Label

SEED = 2027
SINES = ClipSettings()
HELD_OUT = replace(SINES, timbres=("gm:test",), soundfonts=(str(named_soundfont("FluidR3_GM")),))
OTHER_FONT = (str(named_soundfont("TimGM6mb")),)
EVERY = tuple(range(25))
TOGETHER = ("together",)
TURNS = ("ascending", "descending")
LOOSE: dict[str, Any] = {"note_s": (0.2, 0.9), "gap_s": (0.0, 0.2)}  # anywhere in the clip
NOISY: dict[str, Any] = {"snr_db": (10.0, 10.0)}
BOTH = replace(HELD_OUT, directions=TOGETHER)


@dataclass(frozen=True)
class Row:
    """One kind of clip.

    Attributes:
        recipe: of the clips.
        bar: that the share of the net is to reach.
        is_cut: only what is between onset and release is heard.
    """

    recipe: ClipSettings
    bar: float | None = None
    is_cut: bool = False

    @property
    def suits_cnn(self) -> bool:
        """Whether the plain CNN knows such clips, whatever their timbre."""
        own = self.recipe.intervals, self.recipe.directions, self.recipe.note_s
        return own == (SINES.intervals, SINES.directions, SINES.note_s)


ROWS = {
    "sines": Row(SINES, 0.995),
    "melodic": Row(HELD_OUT, 0.98),
    "melodic, 10 dB": Row(replace(HELD_OUT, **NOISY), 0.90),
    "together": Row(BOTH, 0.93),
    "together, 10 dB": Row(replace(BOTH, **NOISY), 0.90),
    "sines, together": Row(replace(SINES, directions=TOGETHER)),
    "melodic, descending too, 0-24": Row(replace(HELD_OUT, directions=TURNS, intervals=EVERY)),
    "melodic, anywhere": Row(replace(HELD_OUT, directions=TURNS, **LOOSE)),
    "melodic, room": Row(replace(HELD_OUT, reverb_s=(0.5, 0.5))),
    "melodic, other soundfont": Row(replace(HELD_OUT, soundfonts=OTHER_FONT)),
    "together, 0-24": Row(replace(BOTH, intervals=EVERY[1:])),
    "together, cut to the sound": Row(replace(BOTH, **LOOSE), is_cut=True),
    "together, cut, 10 dB": Row(replace(BOTH, **NOISY, **LOOSE), is_cut=True),
    "together, other soundfont": Row(replace(BOTH, soundfonts=OTHER_FONT)),
}


def rows_named(beginning: str, bars_only: bool) -> dict[str, Row]:
    """Return the rows whose names begin with a text.

    Args:
        beginning: of the names.
        bars_only: whether those without a bar are left out.
    """
    return {
        name: row
        for name, row in ROWS.items()
        if name.startswith(beginning) and (row.bar or not bars_only)
    }


def made(recipe: ClipSettings, count: int) -> Iterator[tuple[Clip, Label]]:
    """The clips of a recipe."""
    with ClipMaker(recipe, SEED) as maker:
        yield from (maker.clip(number) for number in range(count))
