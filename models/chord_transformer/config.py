"""Sizes of the transformer over chords; needs no torch."""

from dataclasses import dataclass, field

from muse.models.chord_nets.columns import CHORD_COLUMNS, check_columns

LONG_MATCH = 3  # chords; the copy gate has an input for matches longer than this
MATCH_SCALE = 8.0  # chords; the match length is divided by this before the copy gate
MATCH_FEATURES = 3  # inputs of the copy gate that describe the longest match


@dataclass(frozen=True)
class ChordTransformerConfig:
    """Sizes of the net, and which of its parts exist.

    Attributes:
        chords: size of the vocabulary.
        lengths: classes of a chord's length; higher ids of the column `length`, such as that of
            the start, are never predicted.
        columns: name and number of ids of each column of a step; includes CHORD_COLUMNS.
        contexts: name and number of ids of each context of a song.
        distances: classes of harmonic distance.
        width: size of the hidden states, a multiple of twice the number of heads.
        heads: attention heads.
        layers: blocks of attention and feed-forward layer.
        dropout: probability that a value is dropped in training.
        rope: whether attention has rotary position embeddings.
        harmony: whether attention has harmonic relative positions (H-RPE).
        copying: whether attention has match and phrase biases, and the net a copy pointer.
        longest_match: chords up to which a match is counted.
        phrase: beats after which a position in the phrase repeats.
        rank: of the bias by pairs of qualities.

    Raises:
        ValueError: a column is missing, or the width does not fit the heads.
    """

    chords: int
    lengths: int
    columns: dict[str, int]
    contexts: dict[str, int] = field(default_factory=dict)
    distances: int = 5
    width: int = 128
    heads: int = 4
    layers: int = 3
    dropout: float = 0.2
    rope: bool = True
    harmony: bool = True
    copying: bool = True
    longest_match: int = 16
    phrase: int = 32
    rank: int = 4

    def __post_init__(self) -> None:
        """Check the columns and the width."""
        check_columns(self.columns, self.contexts, CHORD_COLUMNS)
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is not a multiple of twice {self.heads} heads")
