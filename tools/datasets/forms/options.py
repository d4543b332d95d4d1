"""What a form of training data can be asked for."""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from muse.tools.datasets.splits import SHARES, check_shares
from muse.tools.errors import ParameterError

FormName = Literal["chords", "melody", "notes", "patterns"]
FORMS: Final[tuple[FormName, ...]] = get_args(FormName)
Transpose = Literal["none", "common", "all"]
TRANSPOSITIONS: Final[tuple[Transpose, ...]] = get_args(Transpose)
DEFAULT_WINDOW = 32  # chords or note tokens before the one to predict
MELODY_BARS = 8  # bars of a row, where none are named
PATTERN_BARS = 2
WHOLE = 0  # as a number of bars, or as a window: not cut at all


@dataclass(frozen=True)
class FormOptions:
    """Options of the forms; one that a form has no use for is left alone.

    Attributes:
        window: chords (chords) or tokens (notes) that a row shows before its target; 0 gives
            `notes` whole sequences.
        stride: from one window's target to the next.
        left_pad: fill the windows of a song's first targets with pad tokens; else they are left
            out.
        merge: chords that are repeated count as one, with their lengths added.
        transpose: "none"; "common", to C major or A minor by the key that lasts longest; "all", to
            each of the twelve, in the order 0, 1 ... 11 semitones up.
        bars: bars of a row (melody, patterns); 0 the whole song, None the form's own default.
        extras: add columns duration_beats, bass_pc and beat (chords).
        seed: of the split.
        shares: of train, validation and test, adding up to 1.
    """

    window: int = DEFAULT_WINDOW
    stride: int = 1
    left_pad: bool = True
    merge: bool = True
    transpose: Transpose = "none"
    bars: int | None = None
    extras: bool = False
    seed: int = 0
    shares: tuple[float, float, float] = SHARES

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ParameterError: an option out of range.
        """
        if self.window < 0 or self.stride < 1:
            raise ParameterError("a window is 0 or more long, a stride 1 or more")
        if self.transpose not in TRANSPOSITIONS:
            raise ParameterError(f"transpose is one of {', '.join(TRANSPOSITIONS)}")
        if self.bars is not None and self.bars < 0:
            raise ParameterError("bars are 0 (the whole song) or more")
        check_shares(self.shares)

    def as_dict(self) -> dict[str, Any]:
        """The options as JSON holds them."""
        return asdict(self)
