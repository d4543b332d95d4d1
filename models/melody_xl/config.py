"""Sizes of the transformer over melody notes; needs no torch.

Conventions: a row is one note of a song; row 0 is the start. Its columns are ids, and so are the
contexts, which hold for the whole song. The caller decides what ids mean, but for those named here.
"""

from dataclasses import dataclass, field, fields
from typing import Any

NOTE_COLUMNS = ("pitch", "interval", "advance", "duration", "place")  # required
CHORD, ROOT = "chord", "root"  # optional columns
LIKENESSES = 4  # of two rows: same chord or not, times same place in the bar or not
MATCH_FEATURES = 4  # inputs of the mixture's gates that describe the longest matches
SOURCES = 3  # of a pitch: fresh, copied, copied as an interval
PITCH_POINTER, LENGTH_POINTER = 0, 1
POINTERS = 2
OTHER_PITCH = 0.1  # factor on a row's weight, for lengths, if its next note has another pitch


@dataclass(frozen=True)
class MelodyConfig:
    """Sizes of the net, and whether it can copy.

    Attributes:
        pitches: pitches of a note; the id after them is that of the start.
        intervals: intervals from the previous note, an odd number with the unison in the middle;
            the id after them is that of the start.
        advances: classes of the time to the next note's onset; the id after them is the start's.
        durations: classes of a note's duration; the id after them is that of the start.
        columns: name and number of ids of each column of a row; includes NOTE_COLUMNS.
        contexts: name and number of ids of each context of a song.
        width: size of the hidden states, a multiple of four times the number of heads.
        heads: attention heads.
        layers: blocks of attention and feed-forward layer.
        dropout: probability that a value is dropped in training.
        segment: rows that are computed together in training.
        memory: rows before the segment that are remembered; 0 for no recurrence.
        copying: whether attention has match and phrase biases, and the net copy pointers.
        longest_match: notes up to which a match is counted.
        phrase: bars after which a position in the phrase repeats.

    Raises:
        ValueError: a column is missing, a size is not positive, or heads do not fit the width.
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
        """Check the sizes and the columns."""
        check_counts(self)
        missing = [name for name in NOTE_COLUMNS if name not in self.columns]
        if missing or set(self.columns) & set(self.contexts):
            raise ValueError(
                f"columns {list(self.columns)} and contexts {list(self.contexts)} must be "
                f"different names, and the columns must include {NOTE_COLUMNS}"
            )
        if self.width % (4 * self.heads):
            raise ValueError(
                f"width {self.width} is not a multiple of four times {self.heads} heads"
            )


def check_counts(config: MelodyConfig) -> None:
    """Check that counts are positive integers (memory may be 0), and that copying is a bool.

    Raises:
        ValueError: a value is of another type or too small.
    """
    for field_ in fields(config):
        value = getattr(config, field_.name)
        least = 0 if field_.name == "memory" else 1
        if field_.type is int and (type(value) is not int or value < least):
            raise ValueError(f"{field_.name} {value!r} is not an integer of {least} or more")
    for name, counts in (("columns", config.columns), ("contexts", config.contexts)):
        if type(counts) is not dict or any(
            type(count) is not int or count < 1 for count in counts.values()
        ):
            raise ValueError(f"{name} {counts!r} must map names to positive integers")
    if type(config.copying) is not bool:
        raise ValueError(f"copying {config.copying!r} is not true or false")


def read_melody_config(values: dict[str, Any]) -> MelodyConfig:
    """Make the config from a card's dict.

    Raises:
        ValueError: the fields are those of another net.
    """
    if {field_.name for field_ in fields(MelodyConfig)} != set(values):
        raise ValueError("the config is not that of a melody model")
    return MelodyConfig(**values)
