"""Options of building training data."""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from muse.tools.datasets.splits import SHARES, check_shares
from muse.tools.errors import ParameterError

FormName = Literal["chords", "melody", "notes", "patterns"]
FORMS: Final[tuple[FormName, ...]] = get_args(FormName)
Transpose = Literal["none", "common", "all"]
TRANSPOSITIONS: Final[tuple[Transpose, ...]] = get_args(Transpose)
DEFAULT_WINDOW = 32  # chords or note tokens before the one to predict
MELODY_BARS = 8  # default bars of a row
PATTERN_BARS = 2
WHOLE = 0  # as bars or window: the whole song


@dataclass(frozen=True)
class FormOptions:
    """Options of all forms; each form ignores those it does not use.

    Attributes:
        window: chords (form chords) or tokens (form notes) before each target; 0 makes `notes`
            write whole songs.
        stride: distance between the targets of consecutive windows.
        left_pad: pad the windows of a song's first targets; if False, these targets are left out.
        merge: join repeated chords into one, adding their durations.
        transpose: "none"; "common": to C major or A minor, by the song's longest key; "all": by 0
            to 11 semitones up. Form notes has "none" and "common" only.
        bars: bars of a row (melody, patterns); 0 for the whole song, None for the form's default.
        extras: add the columns duration_beats, bass_pc and beat (chords).
        seed: of the split.
        shares: fractions of training, validation and test songs, with a sum of 1.
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
        """Check the ranges.

        Raises:
            ParameterError: an option is out of range.
        """
        if self.window < 0 or self.stride < 1:
            raise ParameterError("a window must be 0 or more, a stride 1 or more")
        if self.transpose not in TRANSPOSITIONS:
            one_of = f"one of {', '.join(TRANSPOSITIONS)}"
            raise ParameterError(f"--transpose must be {one_of}, not '{self.transpose}'")
        if self.bars is not None and self.bars < 0:
            raise ParameterError("bars must be 0 (the whole song) or more")
        check_shares(self.shares)

    def as_dict(self) -> dict[str, Any]:
        """Return the options, ready for JSON."""
        return asdict(self)
