"""Requests for progressions: the user's options as text, resolved to constraints and a performance.

Missing values are drawn: a key that is common in the style, a tempo in its range. A song to
continue or to harmonize provides key, meter and tempo unless they are given. A given key transposes
no melody; it only names the melody's key.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import msgspec
import numpy as np

from muse.tools.chords.cadences import CADENCE_NAMES
from muse.tools.chords.constraints import Constraints
from muse.tools.chords.harmonize.melody import (
    DENOMINATORS,
    Melody,
    check_prompt_length,
    complete_song,
    melody_keys,
    melody_of,
    with_melody_bars,
)
from muse.tools.chords.prompt import (
    fix_chords,
    has_numerals,
    past_steps,
    placed_chords,
    read_prompt,
    song_chords,
    song_keys,
    vary_chords,
)
from muse.tools.chords.style import PLAYING_STYLES, PlayingStyle
from muse.tools.datasets.chord_events import STYLES, Context
from muse.tools.datasets.harmony_columns import longest_key
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.generation.sampling import Sampling
from muse.tools.song.document import Meter, Song
from muse.tools.song.meter import COMMON_TIME, first_meter, parse_meter, pulse_beats, signature_text
from muse.tools.song.tempo_map import FASTEST_BPM, SLOWEST_BPM
from muse.tools.theory.keys import Mode, Tonality, parse_key, relative, tonality_of
from muse.tools.theory.voicing import STYLES as VOICINGS

DEFAULT_BARS = 8
DEFAULT_STYLE = "neo-soul"
FREE = "free"


@dataclass(frozen=True)
class ChordRequest:
    """A user's options as on the command line; None is replaced by a default or drawn value.

    Attributes:
        bars: number of bars; by default 8, or those of the song that is varied.
        style: one of STYLES.
        key, mode, meter: for example "Eb", "minor", "3/4".
        tempo: counted beats per minute.
        prompt: chords to begin with, a bar each, or in bars as in a chart.
        like: song to continue.
        vary: whether to replace some of that song's chords instead.
        under: song whose melody is harmonized; it sets the number of bars.
        cadence: one of CADENCE_NAMES.
        fix: chords at the start of bars, for example "4:V7 8:I".
        rhythm: "free", or the duration of each chord in beats.
        voicing: a style of theory.voicing.
        sampling: temperature, top_k and top_p of the chords.
    """

    bars: int | None = None
    style: str = DEFAULT_STYLE
    key: str | None = None
    mode: str | None = None
    meter: str | None = None
    tempo: float | None = None
    prompt: str | None = None
    like: Song | None = None
    vary: bool = False
    under: Song | None = None
    cadence: str | None = None
    fix: str | None = None
    rhythm: str = FREE
    voicing: str | None = None
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True)
class ChordOptions:
    """A request with every value checked and resolved.

    Attributes:
        constraints: what the chords have to satisfy.
        playing: how the style is played.
        voicing: a style of theory.voicing.
        bpm: quarter notes per minute.
        meter: of all bars; with a melody, the one in force longest.
        melody: the melody to harmonize; None without one.
    """

    constraints: Constraints
    playing: PlayingStyle
    voicing: str
    bpm: float
    meter: Meter
    melody: Melody | None = None


def resolve(
    request: ChordRequest,
    rng: np.random.Generator,
    variation_rng: np.random.Generator,
    source: str = "the song",
) -> ChordOptions:
    """Check a request and fill in the values that are None.

    Args:
        request: the user's request.
        rng: draws key and tempo.
        variation_rng: draws which chords of a song are varied.
        source: name of the song with the melody, for messages.

    Raises:
        ParameterError: an option is invalid or contradicts another.
        BadInputError: the song to continue has no chords, or the one to harmonize no melody.
    """
    check_names(request)
    check_together(request)
    playing = PLAYING_STYLES[STYLES[STYLES.index(request.style)]]
    requested = requested_meter(request)
    melody = None if request.under is None else melody_of(request.under, requested, source)
    meter = melody.meter if melody else requested or song_meter(request.like)
    key = choose_key(request, playing, melody, rng)
    bpm = choose_tempo(request, playing, meter, melody, rng)
    constraints = build_constraints(request, key, meter, melody, variation_rng)
    if melody is not None:
        is_key_given = request.key is not None or request.mode is not None
        given_bpm = bpm if request.tempo is not None else None
        melody = complete_song(melody, key if is_key_given else None, given_bpm)
    return ChordOptions(
        constraints, playing, request.voicing or playing.voicing, bpm, meter, melody
    )


def check_names(request: ChordRequest) -> None:
    """Raise ParameterError if a value is not one of the names that its option accepts."""
    choices: tuple[tuple[str, str | None, Sequence[str]], ...] = (
        ("--style", request.style, STYLES),
        ("--mode", request.mode, get_args(Mode)),
        ("--cadence", request.cadence, CADENCE_NAMES),
        ("--voicing", request.voicing, tuple(VOICINGS)),
    )
    for option, value, names in choices:
        if value is not None and value not in names:
            raise ParameterError(f"{option} must be one of {', '.join(names)}, not '{value}'")


def check_together(request: ChordRequest) -> None:
    """Raise ParameterError if two options exclude each other."""
    if request.under is not None and (request.like is not None or request.vary):
        raise ParameterError("--under excludes --like and --vary; leave them out")
    if request.under is not None and request.bars is not None:
        raise ParameterError("--under takes the number of bars from its melody; leave out --bars")
    if request.vary and request.like is None:
        raise ParameterError("--vary changes the chords of a song; give one with --like")
    if request.vary and request.prompt is not None:
        raise ParameterError("--vary excludes --prompt; leave it out")


def requested_meter(request: ChordRequest) -> Meter | None:
    """Return the meter of the request; None if none is given."""
    if request.meter is None:
        return None
    try:
        meter = parse_meter(request.meter)
    except BadInputError as error:
        raise ParameterError(f"--meter: {error}") from error
    return checked_meter(meter)


def song_meter(song: Song | None) -> Meter:
    """Return the first meter of a song to continue; 4/4 without any."""
    return checked_meter(first_meter(song) if song else COMMON_TIME)


def checked_meter(meter: Meter) -> Meter:
    """Return the meter; raise ParameterError if chords cannot be placed on its beats."""
    if meter.denominator not in DENOMINATORS:
        raise ParameterError(
            f"--meter {signature_text(meter)}: chords need beats of halves, quarters or eighths"
        )
    return meter


def choose_key(
    request: ChordRequest, playing: PlayingStyle, melody: Melody | None, rng: np.random.Generator
) -> Tonality:
    """Return the requested key, else that of the melody, prompt or song, else a drawn one."""
    drawn = draw_key(request, playing, rng)
    if request.key is None and melody is not None:
        song = msgspec.structs.replace(melody.song, keys=melody_keys(melody))
        return in_mode(tonality_of(longest_key(song)), request.mode)
    if request.key is None:
        return source_key(request) or drawn
    try:
        key = parse_key(request.key)
    except BadInputError as error:
        raise ParameterError(f"--key: {error}") from error
    if key.mode == "minor" and request.mode == "major":
        raise ParameterError(f"--key {request.key} contradicts --mode major; leave one out")
    return Tonality(key.tonic, "minor" if request.mode == "minor" else key.mode)


def draw_key(request: ChordRequest, playing: PlayingStyle, rng: np.random.Generator) -> Tonality:
    """Draw a key that is common in the style."""
    is_minor = rng.random() < playing.minor_share
    mode: Mode = "minor" if (request.mode or ("minor" if is_minor else "")) == "minor" else "major"
    names = playing.tonics[mode].split()
    return Tonality(parse_key(names[int(rng.integers(len(names)))]).tonic, mode)


def source_key(request: ChordRequest) -> Tonality | None:
    """Return the key of the song, or the one detected from the chords of the prompt."""
    if request.like is not None:
        keys = song_keys(request.like)
        return in_mode(keys[0 if request.vary else -1], request.mode) if keys else None
    if request.prompt is None or has_numerals(request.prompt):
        return None
    keys = song_keys(read_prompt(request.prompt, COMMON_TIME, None, None))
    return in_mode(keys[0], request.mode) if keys else None


def in_mode(key: Tonality, mode: str | None) -> Tonality:
    """Return the key, or its relative key if the other mode is requested."""
    if mode is None or key.mode == mode:
        return key
    return relative(key)


def choose_tempo(
    request: ChordRequest,
    playing: PlayingStyle,
    meter: Meter,
    melody: Melody | None,
    rng: np.random.Generator,
) -> float:
    """Return the tempo in quarter notes per minute: requested, the song's, or drawn."""
    slowest, fastest = playing.tempos
    drawn = int(rng.integers(slowest, fastest + 1))
    unit = pulse_beats(meter)
    if unit != 1.0:
        drawn = round(drawn * 2 / 3)  # three eighths take longer than two
    if request.tempo is None and melody is not None:
        return melody.song.tempo_map().bpm_at(melody.origin_beats)
    if request.tempo is None:
        song = request.like
        return song.tempos[0].bpm if song and song.tempos else drawn * unit
    if not SLOWEST_BPM <= request.tempo <= FASTEST_BPM:
        raise ParameterError(
            f"--tempo must be {SLOWEST_BPM:g} to {FASTEST_BPM:g} beats per minute, "
            f"not {request.tempo:g}"
        )
    return request.tempo * unit


def build_constraints(
    request: ChordRequest,
    key: Tonality,
    meter: Meter,
    melody: Melody | None,
    variation_rng: np.random.Generator,
) -> Constraints:
    """Build the constraints from the request and the resolved key and meter."""
    style, cadence = STYLES[STYLES.index(request.style)], None
    if request.cadence is not None:
        cadence = CADENCE_NAMES[CADENCE_NAMES.index(request.cadence)]
    context = Context(key.tonic_pc, key.mode, style, meter.numerator, meter.denominator)
    rhythm = read_rhythm(request.rhythm)
    bars = DEFAULT_BARS if request.bars is None else request.bars
    constraints = Constraints(key, context, bars, cadence=cadence, rhythm_beats=rhythm)
    if melody is not None:
        constraints = with_melody_bars(constraints, melody)
    source = song_chords(request.like, key, constraints.bar_beats) if request.like else []
    if request.vary:
        constraints = vary_chords(constraints, source, request.bars, variation_rng)
    elif request.prompt is not None:
        prompt = placed_chords(read_prompt(request.prompt, meter, key, rhythm))
        constraints = replace(constraints, prompt=tuple(prompt))
        check_prompt_length(constraints, melody)
    if not request.vary:
        constraints = replace(constraints, past=past_steps(source, constraints.bar_beats))
    return fix_chords(constraints, request.fix)


def read_rhythm(text: str) -> float | None:
    """Return the duration of each chord in beats; None for "free"."""
    if text == FREE:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ParameterError(
            f"--harmonic-rhythm must be '{FREE}' or a number of beats, not '{text}'"
        )
    return float(text)
