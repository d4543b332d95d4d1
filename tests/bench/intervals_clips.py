"""Kinds of clips on which interval-net is measured; each is a row of the benchmark's table."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from intervals_baselines import Clip
from named_soundfont import named_soundfont

from muse.tools.intervals.clip_settings import ClipSettings
from muse.tools.intervals.generate import ClipMaker
from muse.tools.intervals.sample_label import Label

SEED = 2027
SINES = ClipSettings()
EVERY_SIZE = tuple(range(25))
TOGETHER = ("together",)
MELODIC = ("ascending", "descending")
VARIED: dict[str, Any] = {"note_s": (0.2, 0.9), "gap_s": (0.0, 0.2)}  # random onsets and lengths
NOISY: dict[str, Any] = {"snr_db": (10.0, 10.0)}


@dataclass(frozen=True)
class Row:
    """One kind of clip.

    Attributes:
        settings: of the clips.
        target: accuracy that the net should reach; None if there is none.
        is_cut: whether the net is given only the part from first onset to last release.
    """

    settings: ClipSettings
    target: float | None = None
    is_cut: bool = False

    @property
    def suits_cnn(self) -> bool:
        """Whether the plain CNN was trained on such clips, apart from the timbre."""
        own = self.settings.intervals, self.settings.directions, self.settings.note_s
        return own == (SINES.intervals, SINES.directions, SINES.note_s)


def all_rows() -> dict[str, Row]:
    """Return all rows by name; exits if a soundfont is missing."""
    font, other_font = ((str(named_soundfont(name)),) for name in ("FluidR3_GM", "TimGM6mb"))
    held_out = replace(SINES, timbres=("gm:test",), soundfonts=font)
    both = replace(held_out, directions=TOGETHER)
    return {
        "sines": Row(SINES, 0.995),
        "melodic": Row(held_out, 0.98),
        "melodic, 10 dB": Row(replace(held_out, **NOISY), 0.90),
        "together": Row(both, 0.93),
        "together, 10 dB": Row(replace(both, **NOISY), 0.90),
        "sines, together": Row(replace(SINES, directions=TOGETHER)),
        "melodic, both directions, 0-24": Row(
            replace(held_out, directions=MELODIC, intervals=EVERY_SIZE)
        ),
        "melodic, random onsets": Row(replace(held_out, directions=MELODIC, **VARIED)),
        "melodic, reverberation": Row(replace(held_out, reverb_s=(0.5, 0.5))),
        "melodic, other soundfont": Row(replace(held_out, soundfonts=other_font)),
        "together, 0-24": Row(replace(both, intervals=EVERY_SIZE[1:])),
        "together, cut to the notes": Row(replace(both, **VARIED), is_cut=True),
        "together, cut, 10 dB": Row(replace(both, **NOISY, **VARIED), is_cut=True),
        "together, other soundfont": Row(replace(both, soundfonts=other_font)),
    }


def select_rows(prefix: str, with_target: bool) -> dict[str, Row]:
    """Return the rows whose names begin with a text.

    Args:
        prefix: of the names.
        with_target: whether to return only rows with a target.
    """
    return {
        name: row
        for name, row in all_rows().items()
        if name.startswith(prefix) and (row.target or not with_target)
    }


def make_clips(settings: ClipSettings, count: int) -> Iterator[tuple[Clip, Label]]:
    """Yield clips and their labels."""
    with ClipMaker(settings, SEED) as maker:
        yield from (maker.clip(number) for number in range(count))
