"""Sizes of the recurrent net over chords or tokens; needs no torch."""

from dataclasses import dataclass, field

from muse.models.chord_nets.columns import check_columns


@dataclass(frozen=True)
class ChordLstmConfig:
    """Sizes of the net, over chords with all columns or over tokens with one column.

    Attributes:
        chords: size of the vocabulary.
        lengths: classes of a chord's length; 0 for tokens, which have no length and no bass.
        columns: name and number of ids of each column of a step; with `lengths` they include
            chord, bass and length.
        contexts: name and number of ids of each context of a song.
        width: size of the embeddings and of each layer's state.
        layers: LSTM layers.
        dropout: probability that a value behind a layer is dropped in training.

    Raises:
        ValueError: a column is missing.
    """

    chords: int
    lengths: int
    columns: dict[str, int]
    contexts: dict[str, int] = field(default_factory=dict)
    width: int = 128
    layers: int = 2
    dropout: float = 0.3

    def __post_init__(self) -> None:
        """Check the columns."""
        required = ("chord", "bass", "length") if self.lengths else ()
        check_columns(self.columns, self.contexts, required)
