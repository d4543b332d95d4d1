"""Sizes of the net that says which note comes next, without the net: reading them needs no torch.

Conventions: a row is one note of a song, row 0 the start; its columns are ids, and so is what holds
for the whole song, its contexts. What the ids mean is the caller's, but for those named here.
"""

from dataclasses import dataclass, field, fields
from typing import Any

NOTE_COLUMNS = ("pitch", "interval", "advance", "duration", "place")  # that must be there
CHORD, ROOT = "chord", "root"  # columns that are used when there
ROOTS = 12  # and one more for no root
LIKENESSES = 4  # of two rows: same chord or not, same place in the bar or not
FACTS = 4  # what the gate is told of the longest matches
WAYS = 3  # of telling a pitch: fresh, copied, copied as an interval
PITCH_POINTER, LENGTH_POINTER = 0, 1
POINTERS = 2
OTHER_PITCH = 0.1  # weight of a row for lengths where another pitch followed


@dataclass(frozen=True)
class MelodyConfig:
    """Sizes, and which of the parts are there.

    Attributes:
        pitches: that a note can have; the id of the start is the one behind them.
        intervals: between a note and the one before, odd, unison in the middle; the start's id
            behind them.
        advances: classes of the time to the next note's start; the start's id behind them.
        durations: classes of a note's duration; the start's id behind them.
        columns: name of each column of a row, and how many ids it has; NOTE_COLUMNS are among them.
        contexts: the same for what holds for a whole song.
        width: of the hidden states; a multiple of four times the heads.
        heads: of attention.
        layers: of attention and feed-forward.
        dropout: share of values dropped in training.
        segment: rows that are computed at once.
        memory: rows before the segment that are remembered; 0 for no recurrence.
        copying: whether attention knows matches, and the pointers are there.
        longest_match: notes that a match is counted up to.
        phrase: bars after which a place in a phrase comes again.

    Raises:
        ValueError: a column is missing, a size is none, or the width does not fit the heads.
    """

    pitches: int
    intervals: int
    advances: int
    durations: int
    columns: dict[str, int]
    contexts: dict[str, int] = field(default_factory=dict)
    width: int = 128
    heads: int = 4
    layers: int = 3
    dropout: float = 0.2
    segment: int = 64
    memory: int = 512
    copying: bool = True
    longest_match: int = 16
    phrase: int = 16

    def __post_init__(self) -> None:
        """Refuse what no net can be built from."""
        check_counts(self)
        missing = [name for name in NOTE_COLUMNS if name not in self.columns]
        if missing or set(self.columns) & set(self.contexts):
            raise ValueError(f"columns {list(self.columns)}, contexts {list(self.contexts)}")
        if self.width % (4 * self.heads):
            raise ValueError(
                f"width {self.width} is not a multiple of four times {self.heads} heads"
            )


def check_counts(config: MelodyConfig) -> None:
    """See that what is counted is a whole number, and none where there must be some.

    Raises:
        ValueError: it is not so.
    """
    for each in fields(config):
        value = getattr(config, each.name)
        least = 0 if each.name == "memory" else 1
        if each.type is int and (type(value) is not int or value < least):
            raise ValueError(f"{each.name} {value!r} is no whole number from {least} up")
    for name, counts in (("columns", config.columns), ("contexts", config.contexts)):
        if type(counts) is not dict or any(
            type(count) is not int or count < 1 for count in counts.values()
        ):
            raise ValueError(f"{name} {counts!r} are not counted in whole numbers")
    if type(config.copying) is not bool:
        raise ValueError(f"copying {config.copying!r} is neither true nor false")


def read_melody_config(values: dict[str, Any]) -> MelodyConfig:
    """The config from a card's dict.

    Raises:
        ValueError: it is that of another net.
    """
    if {f.name for f in fields(MelodyConfig)} != set(values):
        raise ValueError("the config is not that of a net over melodies")
    return MelodyConfig(**values)
