"""The ids that a net over chords reads, and checks of them; needs no torch.

Conventions: a step is one chord of a song; step 0 is the start. Its columns are ids, and so are the
contexts, which hold for the whole song. The caller decides what the ids mean.
"""

ROOTS = 12  # one more id stands for no root
CHORD_COLUMNS = ("chord", "root", "quality", "function", "bass", "length")  # required
LEAST_PROBABILITY = 1e-9  # added before logarithms


def check_columns(
    columns: dict[str, int], contexts: dict[str, int], required: tuple[str, ...]
) -> None:
    """Check that the required columns are there, and that no context has a column's name.

    Raises:
        ValueError: they are not, or a name is used twice.
    """
    missing = [name for name in required if name not in columns]
    if missing or not columns or set(columns) & set(contexts):
        raise ValueError(
            f"columns {list(columns)} and contexts {list(contexts)} must be different names, "
            f"and the columns must include {required}"
        )
