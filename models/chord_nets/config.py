"""Sizes of the nets that say which chord comes next, without the nets: reading them needs no torch.

Conventions: a step is one chord of a song, step 0 the start; its columns are ids, and so is what
holds for the whole song, its contexts. What the ids mean is the caller's.
"""

from dataclasses import dataclass, field, fields
from typing import Any

ROOTS = 12  # and one more for no root
CHORD_COLUMNS = ("chord", "root", "quality", "function", "bass", "length")  # that must be there
ROPE_BASE = 10_000.0  # of the angles' rates, as in the paper
TINY = 1e-9  # least probability, so that logarithms stay finite
LONG_MATCH = 3  # chords; a longer match is told to the gate as long
MATCH_SCALE = 8.0  # chords, what the length of a match is divided by for the gate
MATCH_FACTS = 3  # what the gate is told of the longest match


@dataclass(frozen=True)
class ChordTransformerConfig:
    """Sizes, and which of the parts are there.

    Attributes:
        chords: size of the vocabulary.
        lengths: classes of length that a chord can have; an id of the column `length` from there
            on, such as that of the start, is never predicted.
        columns: name of each column of a step, and how many ids it has; CHORD_COLUMNS are among
            them.
        contexts: the same for what holds for a whole song.
        distances: buckets of harmonic distance.
        width: of the hidden states; a multiple of twice the heads.
        heads: of attention.
        layers: of attention and feed-forward.
        dropout: share of values dropped in training.
        rope: whether attention knows positions.
        harmony: whether attention knows harmonic relations (H-RPE).
        copying: whether attention knows matches and phrases, and the pointer is there.
        longest_match: chords that a match is counted up to.
        phrase: beats after which a place in a phrase comes again.
        rank: of the pairs of qualities.

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
        """Refuse what no net can be built from."""
        check_columns(self.columns, self.contexts, CHORD_COLUMNS)
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is not a multiple of twice {self.heads} heads")


@dataclass(frozen=True)
class ChordLstmConfig:
    """Sizes of the recurrent net; over chords with all columns, or over tokens with only one.

    Attributes:
        chords: size of the vocabulary.
        lengths: classes of length that a chord can have; 0 for tokens that have no length or bass.
        columns: as for the transformer; with `lengths` 0 any that there are.
        contexts: the same for what holds for a whole song.
        width: of embeddings and of each layer's state.
        layers: of LSTM.
        dropout: share of values dropped behind each layer in training.

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
        """Refuse what no net can be built from."""
        wanted = ("chord", "bass", "length") if self.lengths else ()
        check_columns(self.columns, self.contexts, wanted)


ChordConfig = ChordTransformerConfig | ChordLstmConfig
KINDS: tuple[type[ChordTransformerConfig] | type[ChordLstmConfig], ...] = (
    ChordTransformerConfig,
    ChordLstmConfig,
)


def check_columns(
    columns: dict[str, int], contexts: dict[str, int], wanted: tuple[str, ...]
) -> None:
    """See that the columns wanted are there, and that no context has a column's name.

    Raises:
        ValueError: it is not so.
    """
    missing = [name for name in wanted if name not in columns]
    if missing or not columns or set(columns) & set(contexts):
        raise ValueError(f"columns {list(columns)}, contexts {list(contexts)}: want {wanted}")


def read_config(values: dict[str, Any]) -> ChordConfig:
    """The config of either net from a card's dict, told by its fields.

    Raises:
        ValueError: it is that of another net.
    """
    for kind in KINDS:
        if {f.name for f in fields(kind)} == set(values):
            return kind(**values)
    raise ValueError("the config is not that of a net over chords")
