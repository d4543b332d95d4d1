"""Options of a jam: the request as text, and the options it resolves to."""

from dataclasses import dataclass
from pathlib import Path

from muse.tools.audio.encodings import AUDIO_SUFFIXES
from muse.tools.datasets.chord_events import STYLES
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats, parse_meter, pulse_beats, signature_text
from muse.tools.song.tempo_map import FASTEST_BPM, SLOWEST_BPM
from muse.tools.theory.keys import Tonality, parse_key
from muse.tools.theory.voicing import STYLES as VOICINGS
from muse.tools.view.formats import PICTURE_SUFFIXES, SCORE_SUFFIXES, SONG_SUFFIXES

AUTO = "auto"
DEFAULT_BPM = 100.0  # counted beats per minute
DEFAULT_STYLE = "pop"
DEFAULT_AHEAD = 4  # chords
MAX_AHEAD = 32  # chords
MAX_COUNT_IN = 8  # bars
MIN_SWING, MAX_SWING = 50.0, 75.0  # percent of a pair of eighths that the first one lasts
DENOMINATORS = (4, 8)
OTHER_SONG_SUFFIXES = (".kar", ".abc")  # that are read
# of files that --in and --out name; anything else is a port
FILE_SUFFIXES = (
    *SONG_SUFFIXES,
    *OTHER_SONG_SUFFIXES,
    ".jsonl",
    *SCORE_SUFFIXES,
    *PICTURE_SUFFIXES,
    *AUDIO_SUFFIXES,
)


@dataclass(frozen=True)
class JamRequest:
    """Options of the user, as text from the command line; None leaves the choice to muse.

    Attributes:
        bpm: counted beats per minute; "auto" follows the player's tempo, "auto:92" also starts near
            92; None takes the tempo of the input.
        meter: for example "4/4"; None takes the meter of the input.
        key: for example "Em"; None and "auto" detect it.
        style: a name of datasets.chord_events.STYLES; None for DEFAULT_STYLE.
        ahead: number of upcoming chords to predict; None for DEFAULT_AHEAD.
        mix: weight of the melody, 0 to 1; None and "auto" use the fitted mix.
        count_in: bars.
        voicing: a style of theory.voicing; None for the one of the style.
        swing: percent; None for the one of the style.
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
class JamOptions:
    """A request that is resolved and checked.

    Attributes:
        bpm: quarter notes per minute at the start.
        is_following: whether the tempo follows the player.
        is_tempo_known: whether the player knows the start tempo: it is given, or counted in.
        meter: of all bars.
        key: None to detect it.
        style, ahead, voicing, swing: as in the request.
        mix: weight of the melody; None for the fitted mix.
        count_in: bars.
        seed: of everything that is sampled.
    """

    bpm: float
    is_following: bool
    is_tempo_known: bool
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


def resolve_options(
    request: JamRequest, *, bpm: float, meter: Meter, count_in: int, seed: int
) -> JamOptions:
    """Parse and check a request, and fill in what it leaves open.

    Args:
        request: the user's options.
        bpm: default, in quarter notes per minute.
        meter: default.
        count_in: default, in bars.
        seed: of everything that is sampled.

    Raises:
        ParameterError: a value is invalid or out of range.
    """
    chosen = meter if request.meter is None else parse_meter_option(request.meter)
    check_meter(chosen)
    check_numbers(request)
    return JamOptions(
        bpm=parse_bpm(request.bpm, bpm, chosen),
        is_following=follows_player(request.bpm),
        is_tempo_known=request.bpm not in (None, AUTO) or (request.count_in or count_in) > 0,
        meter=chosen,
        key=None if request.key is None or request.key == AUTO else parse_key_option(request.key),
        style=check_name("--style", request.style or DEFAULT_STYLE, STYLES),
        ahead=request.ahead or DEFAULT_AHEAD,
        mix=None if request.mix is None or request.mix == AUTO else parse_weight(request.mix),
        count_in=count_in if request.count_in is None else request.count_in,
        voicing=request.voicing and check_name("--voicing", request.voicing, tuple(VOICINGS)),
        swing=request.swing,
        seed=seed,
    )


def check_numbers(request: JamRequest) -> None:
    """Raise ParameterError for a number that is out of range."""
    limits = (
        ("--ahead", request.ahead, 1, MAX_AHEAD),
        ("--count-in", request.count_in, 0, MAX_COUNT_IN),
        ("--swing", request.swing, MIN_SWING, MAX_SWING),
    )
    for option, value, low, high in limits:
        if value is not None and not low <= value <= high:
            raise ParameterError(f"{option} must be {low:g} to {high:g}, not {value:g}")


def check_name(option: str, value: str, names: tuple[str, ...]) -> str:
    """Return the value if it is one of the names; else raise ParameterError."""
    if value not in names:
        raise ParameterError(f"{option} must be one of {', '.join(names)}, not '{value}'")
    return value


def parse_bpm(text: str | None, default: float, meter: Meter) -> float:
    """Return the tempo in quarter notes per minute, or the default where none is given."""
    counted = checked_bpm(text)
    return default if counted is None else counted * pulse_beats(meter)


def checked_bpm(text: str | None) -> float | None:
    """Return the counted tempo in beats per minute, None where none is given; check its range."""
    if text is None or text == AUTO:
        return None
    counted = parse_number(text.removeprefix(f"{AUTO}:"))
    if counted is None or not SLOWEST_BPM <= counted <= FASTEST_BPM:
        raise ParameterError(
            f"--bpm must be {SLOWEST_BPM:g} to {FASTEST_BPM:g}, auto, or auto:92 to start near 92, "
            f"not '{text}'"
        )
    return counted


def follows_player(bpm: str | None) -> bool:
    """Return whether a tempo option asks muse to follow the player."""
    return bpm is not None and bpm.partition(":")[0] == AUTO


def parse_weight(text: str) -> float:
    """Parse a number from 0 to 1."""
    weight = parse_number(text)
    if weight is None or not 0 <= weight <= 1:
        raise ParameterError(
            f"--mix must be auto, or 0 (chord model alone) to 1 (melody alone), not '{text}'"
        )
    return weight


def parse_number(text: str) -> float | None:
    """Return the number in a text, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def parse_meter_option(text: str) -> Meter:
    """Parse a meter; raises ParameterError."""
    try:
        return parse_meter(text)
    except BadInputError as error:
        raise ParameterError(f"--meter: {error}") from error


def check_meter(meter: Meter) -> None:
    """Raise ParameterError unless a bar is a whole number of quarter notes."""
    if meter.denominator not in DENOMINATORS or bar_beats(meter) % 1:
        raise ParameterError(
            f"--meter {signature_text(meter)}: a bar must be whole quarter notes, "
            "as in 4/4, 3/4 or 6/8"
        )


def parse_key_option(text: str) -> Tonality:
    """Parse a key; raises ParameterError."""
    try:
        return parse_key(text)
    except BadInputError as error:
        raise ParameterError(f"--key: {error}") from error


def is_file(name: str | None) -> bool:
    """Return whether a value of --in or --out names a file or a pipe, rather than a port."""
    if name is None or name == "-":
        return name == "-"
    suffix = Path(name).suffix.lower()
    return suffix in FILE_SUFFIXES or (bool(suffix) and len(Path(name).parts) > 1)
