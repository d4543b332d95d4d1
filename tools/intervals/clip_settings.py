"""Settings of a set of clips, each of which holds one interval.

Conventions: frequencies in Hz, times in s, interval sizes in semitones, deviations in cents. A span
is the lowest and highest value of a uniform distribution that each clip is sampled from. The
defaults are those of common data sets: pure tones, one after the other, the twelve intervals up to
the octave, ascending.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from muse.tools.errors import ParameterError
from muse.tools.theory.pitch import A4, A4_HZ

Span = tuple[float, float]

DIRECTIONS = ("ascending", "descending", "together")
NOISES = ("white", "pink")
SYNTHS = ("sine", "saw", "fm", "pluck")
LARGEST = 24  # semitones, two octaves
LOWEST_HZ, HIGHEST_HZ = 20.0, 8000.0  # allowed fundamentals
RATES = (8_000, 96_000)  # Hz, the range of FluidSynth
CLIP_S = (0.1, 60.0)  # allowed lengths of a clip
SHORTEST_NOTE_S = 0.03
LARGEST_BALANCE_DB = 40.0
MOST_VIBRATO_CENTS, MOST_BEND_CENTS = 300.0, 300.0
VIBRATO_HZ = (0.5, 12.0)  # allowed rates
MOST_TREMOLO_DB = 20.0
LONGEST_PORTAMENTO_S = 1.0
CENTS = 50.0  # largest deviation; beyond it the nearest pitch would be another


@dataclass(frozen=True)
class ExpressionSettings:
    """Distributions of a player's expression.

    Attributes:
        share: of the clips that are played with expression, 0 to 1.
        vibrato_cents: depth of the vibrato to either side.
        rate_hz: of the vibrato and of the tremolo.
        tremolo_db: depth of the tremolo to either side.
        bend_cents: deviation at the beginning of each note; negative ones begin too low.
        portamento_s: time of the glide from the first note to the second.
    """

    share: float = 1.0
    vibrato_cents: Span = (0.0, 0.0)
    rate_hz: Span = (4.0, 7.0)
    tremolo_db: Span = (0.0, 0.0)
    bend_cents: Span = (0.0, 0.0)
    portamento_s: Span = (0.0, 0.0)


@dataclass(frozen=True)
class ClipSettings:
    """Distributions that the clips of a data set are sampled from.

    Attributes:
        sample_rate: Hz.
        clip_s: length of a clip.
        gap_s: silence between two successive notes; after the notes if they sound together.
        note_s: length of a note; None fills what the gap leaves of the clip.
        lowest_hz: lowest fundamental, without detuning.
        highest_hz: highest fundamental, without detuning.
        intervals: sizes in semitones, 0 to 24.
        directions: of DIRECTIONS; a unison is never together, because that would be one note.
        timbres: of SYNTHS, or words that instruments.programs reads, such as "gm:0-7".
        soundfonts: files that play General MIDI instruments; empty takes the best one found.
        detune_cents: largest deviation of each note from its pitch.
        tuning_cents: largest deviation of both notes together from A = 440 Hz.
        balance_db: largest difference in level between the two notes.
        snr_db: ratio of the notes' power, while they sound, to added noise; None adds no noise.
        noise: of NOISES.
        reverb_s: reverberation time (RT60); None adds no reverberation.
        peak_dbfs: highest sample of a clip.
        expression: vibrato, tremolo, bends and portamento; None plays steady notes.
    """

    sample_rate: int = 44_100
    clip_s: float = 2.0
    gap_s: Span = (0.2, 0.2)
    note_s: Span | None = None
    lowest_hz: float = 55.0
    highest_hz: float = 1760.0
    intervals: tuple[int, ...] = tuple(range(1, 13))
    directions: tuple[str, ...] = ("ascending",)
    timbres: tuple[str, ...] = ("sine",)
    soundfonts: tuple[str, ...] = ()
    detune_cents: float = 0.0
    tuning_cents: float = 0.0
    balance_db: float = 0.0
    snr_db: Span | None = None
    noise: str = "white"
    reverb_s: Span | None = None
    peak_dbfs: Span = (-6.0, -6.0)
    expression: ExpressionSettings | None = None

    @property
    def frames(self) -> int:
        """Length of a clip in samples."""
        return round(self.clip_s * self.sample_rate)

    @property
    def pitches(self) -> tuple[int, int]:
        """The lowest and the highest MIDI pitch within the range of frequencies."""
        tolerance = 1e-6  # semitones: 55 Hz is A1, whatever the logarithm rounds to
        return (
            math.ceil(pitch_of(self.lowest_hz) - tolerance),
            math.floor(pitch_of(self.highest_hz) + tolerance),
        )

    def plain(self) -> dict[str, Any]:
        """Return the settings as JSON values; expression only if there is any."""
        values = asdict(self)
        return values if self.expression else {k: v for k, v in values.items() if k != "expression"}


def pitch_of(hz: float) -> float:
    """Return the MIDI pitch of a frequency, with its fraction."""
    return A4 + 12 * math.log2(hz / A4_HZ)


def frequency_of(pitch: float) -> float:
    """Return the frequency in Hz of a MIDI pitch."""
    return A4_HZ * 2 ** ((pitch - A4) / 12)


def check_settings(settings: ClipSettings) -> None:
    """Check that clips can be made.

    Raises:
        ParameterError: they cannot; the message names the option of the command.
    """
    check_choices("--direction", settings.directions, DIRECTIONS)
    check_choices("--noise", (settings.noise,), NOISES)
    within(
        "--lowest and --highest", (settings.lowest_hz, settings.highest_hz), LOWEST_HZ, HIGHEST_HZ
    )
    check_sizes(settings)
    check_times(settings)
    within("--rate", (settings.sample_rate,) * 2, *RATES)
    within("--detune", (settings.detune_cents,) * 2, 0.0, CENTS)
    within("--tuning", (settings.tuning_cents,) * 2, 0.0, CENTS)
    within("--balance", (settings.balance_db,) * 2, 0.0, LARGEST_BALANCE_DB)
    within("--snr", settings.snr_db, -40.0, 120.0)
    within("--reverb", settings.reverb_s, 0.01, 20.0)
    within("--level", settings.peak_dbfs, -90.0, 0.0)
    check_expression(settings.expression or ExpressionSettings())
    if settings.highest_hz >= settings.sample_rate / 2:
        raise ParameterError(
            f"--highest must be below half of --rate, {settings.sample_rate / 2:g}"
        )


def check_expression(expression: ExpressionSettings) -> None:
    """Raise ParameterError unless the expression is within the bounds."""
    within("--expression-share", (expression.share,) * 2, 0.0, 1.0)
    within("--vibrato", expression.vibrato_cents, 0.0, MOST_VIBRATO_CENTS)
    within("--vibrato-rate", expression.rate_hz, *VIBRATO_HZ)
    within("--tremolo", expression.tremolo_db, 0.0, MOST_TREMOLO_DB)
    within("--bend", expression.bend_cents, -MOST_BEND_CENTS, MOST_BEND_CENTS)
    within("--portamento", expression.portamento_s, 0.0, LONGEST_PORTAMENTO_S)


def check_choices(option: str, chosen: tuple[str, ...], known: tuple[str, ...]) -> None:
    """Raise ParameterError unless values are chosen and all of them are known."""
    if not chosen or not set(chosen) <= set(known):
        shown = ",".join(chosen)
        raise ParameterError(f"{option} must be one or more of {', '.join(known)}, not '{shown}'")


def within(option: str, span: Span | None, lowest: float, highest: float) -> None:
    """Raise ParameterError unless the span is in order and within the bounds."""
    if span is not None and not lowest <= span[0] <= span[1] <= highest:
        shown = f"{span[0]:g}" if span[0] == span[1] else f"{span[0]:g}:{span[1]:g}"
        if span[0] > span[1]:
            raise ParameterError(f"{option} must begin with the lower value, not {shown}")
        raise ParameterError(f"{option} must be {lowest:g} to {highest:g}, not {shown}")


def check_sizes(settings: ClipSettings) -> None:
    """Raise ParameterError unless the sizes are valid and fit the range of pitches."""
    sizes = settings.intervals
    if not sizes or not all(0 <= size <= LARGEST for size in sizes):
        raise ParameterError(f"--intervals must be 0 to {LARGEST} semitones")
    lowest, highest = settings.pitches
    if max(sizes) > highest - lowest:
        raise ParameterError(
            f"--lowest and --highest are {max(highest - lowest, 0)} semitones apart;"
            f" --intervals needs {max(sizes)}"
        )
    if 0 in sizes and set(settings.directions) == {"together"}:
        raise ParameterError("a unison together is one note; start --intervals with 1")


def check_times(settings: ClipSettings) -> None:
    """Raise ParameterError unless the longest notes and the longest gap fit into a clip."""
    within("--length", (settings.clip_s,) * 2, *CLIP_S)
    within("--gap", settings.gap_s, 0.0, settings.clip_s)
    shortest = SHORTEST_NOTE_S if settings.note_s is None else settings.note_s[0]
    longest = shortest if settings.note_s is None else settings.note_s[1]
    within("--note", (shortest, longest), SHORTEST_NOTE_S, settings.clip_s)
    notes = 1 if set(settings.directions) == {"together"} else 2
    if notes * longest + settings.gap_s[1] > settings.clip_s + 1e-9:
        raise ParameterError(f"notes and gap do not fit into --length {settings.clip_s:g}")
