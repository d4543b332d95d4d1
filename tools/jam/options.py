"""Options of a jam: the request as text, and the options it resolves to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from muse.tools.audio.encodings import AUDIO_SUFFIXES
from muse.tools.datasets.chord_events import STYLES
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.jam.chart import Chart
from muse.tools.jam.grid import GroupedMeter, StepGrid, counted_beats, parse_grouped_meter
from muse.tools.jam.section_styles import StylePlan, parse_style_plan
from muse.tools.song.document import Meter, Section
from muse.tools.song.meter import bar_beats
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
        meter: for example "4/4" or "3+2+2/8"; None takes the meters of the chart or the input.
        key: for example "Em"; None and "auto" detect it.
        style: a name of datasets.chord_events.STYLES, or several with their places as in
            section_styles.py; None for DEFAULT_STYLE.
        ahead: number of upcoming chords to predict; None for DEFAULT_AHEAD.
        mix: weight of the melody, 0 to 1; None and "auto" use the fitted mix.
        count_in: bars.
        voicing: a style of theory.voicing; None for the one of the style.
        swing: percent; None for the one of the style.
        chart: file with the chords to play; None decides them.
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
    chart: str | None = None


@dataclass(frozen=True)
class JamOptions:
    """A request that is resolved and checked.

    Attributes:
        bpm: quarter notes per minute at the start.
        is_following: whether the tempo follows the player.
        is_tempo_known: whether the player knows the start tempo: it is given, or counted in.
        grid: the bars and their counted steps.
        key: None to detect it.
        styles: the style on each beat.
        ahead, voicing, swing: as in the request.
        chart: the chords to play; None decides them.
        mix: weight of the melody; None for the fitted mix.
        count_in: bars.
        seed: of everything that is sampled.
    """

    bpm: float
    is_following: bool
    is_tempo_known: bool
    grid: StepGrid
    key: Tonality | None
    styles: StylePlan
    ahead: int
    mix: float | None
    count_in: int
    voicing: str | None
    swing: float | None
    seed: int
    chart: Chart | None = None

    @property
    def meter(self) -> Meter:
        """The first meter, also of the count-in."""
        return self.grid.meters[0].meter

    @property
    def style(self) -> str:
        """The first style."""
        return self.styles.at(0.0)

    @property
    def count_in_beats(self) -> float:
        """Length of the count-in in quarter notes."""
        return self.count_in * bar_beats(self.meter)


def resolve_options(
    request: JamRequest,
    *,
    bpm: float,
    meters: Sequence[GroupedMeter],
    count_in: int,
    seed: int,
    sections: Sequence[Section] = (),
    chart: Chart | None = None,
    has_tempo: bool = False,
) -> JamOptions:
    """Parse and check a request, and fill in what it leaves open.

    Args:
        request: the user's options.
        bpm: default, in quarter notes per minute.
        meters: default.
        count_in: default, in bars.
        seed: of everything that is sampled.
        sections: of the input; those of a chart come first.
        chart: the chords to play.
        has_tempo: whether the input states its tempo, near which 'auto' starts.

    Raises:
        ParameterError: a value is invalid or out of range.
    """
    check_numbers(request)
    bpm = parse_bpm(request.bpm, bpm, start_meter(request, meters))
    grid = StepGrid(meters if request.meter is None else [parse_meter_option(request.meter, bpm)])
    if chart is not None and chart.sections:
        sections = chart.sections
    return JamOptions(
        bpm=bpm,
        is_following=follows_player(request.bpm),
        is_tempo_known=has_tempo
        or request.bpm not in (None, AUTO)
        or (request.count_in or count_in) > 0,
        grid=grid,
        key=None if request.key is None or request.key == AUTO else parse_key_option(request.key),
        styles=style_plan(request.style or DEFAULT_STYLE, grid, sections, chart),
        ahead=request.ahead or DEFAULT_AHEAD,
        mix=None if request.mix is None or request.mix == AUTO else parse_weight(request.mix),
        count_in=count_in if request.count_in is None else request.count_in,
        voicing=request.voicing and check_name("--voicing", request.voicing, tuple(VOICINGS)),
        swing=request.swing,
        seed=seed,
        chart=chart,
    )


def start_meter(request: JamRequest, meters: Sequence[GroupedMeter]) -> Meter:
    """Return the meter of the first bar."""
    return meters[0].meter if request.meter is None else parse_meter_option(request.meter).meter


def style_plan(
    text: str, grid: StepGrid, sections: Sequence[Section], chart: Chart | None
) -> StylePlan:
    """Parse --style; raises ParameterError."""
    plan = parse_style_plan(text, DEFAULT_STYLE, grid, sections, chart.length if chart else None)
    for style in plan.styles:
        check_name("--style", style, STYLES)
    return plan


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
    return default if counted is None else counted * counted_beats(meter)


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


def parse_meter_option(text: str, bpm: float | None = None) -> GroupedMeter:
    """Parse a meter; raises ParameterError."""
    try:
        return parse_grouped_meter(text, bpm)
    except BadInputError as error:
        raise ParameterError(f"--meter: {error}") from error


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
