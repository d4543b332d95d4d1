"""What a user asks of a jam, as text, made into settings that hold nothing open but the key."""

from dataclasses import dataclass
from pathlib import Path

from muse.tools.audio.encodings import AUDIO_SUFFIXES
from muse.tools.chords.request import FASTEST, SLOWEST
from muse.tools.datasets.chord_events import STYLES
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats, parse_meter, pulse_beats, signature_text
from muse.tools.theory.keys import Tonality, parse_key
from muse.tools.theory.voicing import STYLES as VOICINGS

AUTO = "auto"
DEFAULT_BPM = 100.0  # counted beats a minute
DEFAULT_STYLE = "pop"
DEFAULT_AHEAD = 4  # chords
MOST_AHEAD = 32  # chords
MOST_COUNT_IN = 8  # bars
EVENEST, MOST_SWUNG = 50.0, 75.0  # per cent of a pair that its first note takes
DENOMINATORS = (4, 8)
SCORES = (".mid", ".midi", ".json", ".jsonl", ".musicxml", ".xml", ".png", ".svg", ".pdf")
FILE_SUFFIXES = (*SCORES, *AUDIO_SUFFIXES)


@dataclass(frozen=True)
class JamRequest:
    """What is asked, as it stands on the command line; None is for muse to choose.

    Attributes:
        bpm: counted beats a minute; "auto", or "auto:92", to follow the player, who begins at
            about that; else what the input has.
        meter: such as "4/4"; else what the input has.
        key: such as "Em"; else, and for "auto", the one that is heard.
        style: a name of chords.events.STYLES; DEFAULT_STYLE.
        ahead: chords that are planned; DEFAULT_AHEAD.
        mix: the share of the ear, 0 to 1; else, and for "auto", what was learnt.
        count_in: bars.
        voicing: a style of theory.voicing; else the style's.
        swing: per cent; else the style's.
    """

    bpm: str | None = None
    meter: str | None = None
    key: str | None = None
    style: str | None = None
    ahead: int | None = None
    mix: str | None = None
    count_in: int | None = None
    voicing: str | None = None
    swing: float | None = None


@dataclass(frozen=True)
class JamSettings:
    """A request that was read.

    Attributes:
        bpm: quarter notes a minute at the beginning.
        is_following: whether the tempo is the player's.
        is_told: whether the player knows that tempo: it was asked for, or is counted in.
        meter: of all bars.
        key: None where it is to be heard.
        style, ahead, voicing, swing: as in the request.
        mix: share of the ear; None for what was learnt.
        count_in: bars.
        seed: of all that is drawn.
    """

    bpm: float
    is_following: bool
    is_told: bool
    meter: Meter
    key: Tonality | None
    style: str
    ahead: int
    mix: float | None
    count_in: int
    voicing: str | None
    swing: float | None
    seed: int

    @property
    def bar_beats(self) -> int:
        """Quarter notes of a bar."""
        return round(bar_beats(self.meter))


def settings_of(
    request: JamRequest, *, bpm: float, meter: Meter, count_in: int, seed: int
) -> JamSettings:
    """Read a request.

    Args:
        request: what is asked.
        bpm: quarter notes a minute, where none is asked for.
        meter: where none is asked for.
        count_in: bars, where none are asked for.
        seed: of all that is drawn.

    Raises:
        ParameterError: something in it cannot be.
    """
    chosen = meter if request.meter is None else read_meter(request.meter)
    check_meter(chosen)
    check_numbers(request)
    return JamSettings(
        bpm=read_bpm(request.bpm, bpm, chosen),
        is_following=is_auto(request.bpm),
        is_told=request.bpm not in (None, AUTO) or (request.count_in or count_in) > 0,
        meter=chosen,
        key=None if request.key is None or request.key == AUTO else read_key(request.key),
        style=one_of("--style", request.style or DEFAULT_STYLE, STYLES),
        ahead=request.ahead or DEFAULT_AHEAD,
        mix=None if request.mix is None or request.mix == AUTO else read_share(request.mix),
        count_in=count_in if request.count_in is None else request.count_in,
        voicing=request.voicing and one_of("--voicing", request.voicing, tuple(VOICINGS)),
        swing=request.swing,
        seed=seed,
    )


def check_numbers(request: JamRequest) -> None:
    """Raise ParameterError for a number that is out of its range."""
    limits = (
        ("--ahead", request.ahead, 1, MOST_AHEAD),
        ("--count-in", request.count_in, 0, MOST_COUNT_IN),
        ("--swing", request.swing, EVENEST, MOST_SWUNG),
    )
    for option, value, low, high in limits:
        if value is not None and not low <= value <= high:
            raise ParameterError(f"{option} is {low:g} to {high:g}, not {value:g}")


def one_of(option: str, value: str, names: tuple[str, ...]) -> str:
    """The value, if it is one of the names."""
    if value not in names:
        raise ParameterError(f"{option} is one of {', '.join(names)}, not '{value}'")
    return value


def read_bpm(text: str | None, otherwise: float, meter: Meter) -> float:
    """Quarter notes a minute: those asked for, or otherwise the others."""
    if text is None or text == AUTO:
        return otherwise
    counted = number_in(text.removeprefix(f"{AUTO}:"))
    if counted is None or not SLOWEST <= counted <= FASTEST:
        raise ParameterError(
            f"--bpm is {SLOWEST:g} to {FASTEST:g}, auto, or auto:92 from about there, not '{text}'"
        )
    return counted * pulse_beats(meter)


def is_auto(bpm: str | None) -> bool:
    """Whether the tempo is to be the player's."""
    return bpm is not None and bpm.partition(":")[0] == AUTO


def read_share(text: str) -> float:
    """A number from 0 to 1."""
    share = number_in(text)
    if share is None or not 0 <= share <= 1:
        raise ParameterError(f"--mix is auto, or 0 (brain alone) to 1 (ear alone), not '{text}'")
    return share


def number_in(text: str) -> float | None:
    """The number, or None where the text is none."""
    try:
        return float(text)
    except ValueError:
        return None


def read_meter(text: str) -> Meter:
    """A metre as text."""
    try:
        return parse_meter(text)
    except BadInputError as error:
        raise ParameterError(f"--meter: {error}") from error


def check_meter(meter: Meter) -> None:
    """Raise ParameterError unless bars are whole quarter notes, which the beats are counted in."""
    if meter.denominator not in DENOMINATORS or bar_beats(meter) % 1:
        raise ParameterError(
            f"--meter {signature_text(meter)}: bars of whole quarters, such as 4/4, 3/4 or 6/8"
        )


def read_key(text: str) -> Tonality:
    """A key as text."""
    try:
        return parse_key(text)
    except BadInputError as error:
        raise ParameterError(f"--key: {error}") from error


def is_file(name: str | None) -> bool:
    """Whether the words of --in or --out mean a file or a pipe, and no port."""
    if name is None or name == "-":
        return name == "-"
    suffix = Path(name).suffix.lower()
    return suffix in FILE_SUFFIXES or (bool(suffix) and len(Path(name).parts) > 1)
