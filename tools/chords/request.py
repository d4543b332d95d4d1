"""What a user asks of a progression, as text, made into a frame that can be composed in.

What is left out is drawn: a key that players of the style like, a tempo in its range. A song to
continue gives key, metre and tempo where they are not asked for otherwise.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from muse.tools.chords.cadences import CADENCE_NAMES
from muse.tools.chords.events import STYLES, Context
from muse.tools.chords.feel import FEELS, Feel
from muse.tools.chords.frame import Frame
from muse.tools.chords.given import (
    has_numerals,
    past_steps,
    placed_chords,
    read_prompt,
    song_chords,
    song_keys,
    varied,
    with_fixed,
)
from muse.tools.chords.sampling import Sampling
from muse.tools.corpus.charts import COMMON_TIME, counted_beats
from muse.tools.corpus.text import parse_meter
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.song import Meter, Song
from muse.tools.theory.keys import Mode, Tonality, parse_key, relative
from muse.tools.theory.voicing import STYLES as VOICINGS

DEFAULT_BARS = 8
DEFAULT_STYLE = "neo-soul"
SLOWEST, FASTEST = 20.0, 400.0  # counted beats a minute
DENOMINATORS = (2, 4, 8)  # of metres whose beats chords can be counted in
FREE = "free"


@dataclass(frozen=True)
class Request:
    """What is asked, as it stands on the command line; None is for muse to choose.

    Attributes:
        bars: how many; 8, or as many as the song that is varied has.
        style: a name of STYLES.
        key, mode, meter: as "Eb", "minor", "3/4".
        tempo: counted beats a minute.
        prompt: chords to begin with, a bar each, or with bars as in a chart.
        like: a song to continue.
        vary: change some of that song's chords instead.
        cadence: a name of CADENCE_NAMES.
        fix: chords at the start of bars, as "4:V7 8:I".
        rhythm: "free", or how many beats each chord lasts.
        voicing: a style of theory.voicing.
        sampling: how freely chords are drawn.
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
    cadence: str | None = None
    fix: str | None = None
    rhythm: str = FREE
    voicing: str | None = None
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True)
class Task:
    """A request with nothing left open: the frame, and how it is to be played.

    Attributes:
        frame: what the chords have to be.
        feel: of the style.
        voicing: a style of theory.voicing.
        bpm: quarter notes a minute.
        meter: from the first beat on.
    """

    frame: Frame
    feel: Feel
    voicing: str
    bpm: float
    meter: Meter


def resolved(request: Request, rng: np.random.Generator, dice: np.random.Generator) -> Task:
    """Read a request and draw what it leaves open.

    Args:
        request: what is asked.
        rng: draws key and tempo.
        dice: draws which chords of a song are varied.

    Raises:
        ParameterError: something in it cannot be read or does not go together.
        BadInputError: the song to continue has no chords.
    """
    check_names(request)
    feel = FEELS[STYLES[STYLES.index(request.style)]]
    meter = meter_of(request)
    key = key_of(request, feel, rng)
    bpm = tempo_of(request, feel, meter, rng)
    frame = frame_of(request, key, meter, dice)
    return Task(frame, feel, request.voicing or feel.voicing, bpm, meter)


def check_names(request: Request) -> None:
    """Raise where a word is none of those that the option takes."""
    choices: tuple[tuple[str, str | None, Sequence[str]], ...] = (
        ("--style", request.style, STYLES),
        ("--mode", request.mode, get_args(Mode)),
        ("--cadence", request.cadence, CADENCE_NAMES),
        ("--voicing", request.voicing, tuple(VOICINGS)),
    )
    for option, value, names in choices:
        if value is not None and value not in names:
            raise ParameterError(f"{option} is one of {', '.join(names)}, not '{value}'")
    if request.vary and request.like is None:
        raise ParameterError("--vary changes the chords of a song; name one with --like")
    if request.vary and request.prompt is not None:
        raise ParameterError("--vary keeps what a song begins with; leave out --prompt")


def meter_of(request: Request) -> Meter:
    """The metre asked for, else the song's first, else 4/4."""
    if request.meter is None:
        found = request.like.meters[0] if request.like and request.like.meters else COMMON_TIME
        meter = Meter(0.0, found.numerator, found.denominator)
    else:
        try:
            meter = parse_meter(request.meter)
        except BadInputError as error:
            raise ParameterError(f"--meter: {error}") from error
    if meter.denominator not in DENOMINATORS:
        name = f"{meter.numerator}/{meter.denominator}"
        raise ParameterError(f"--meter {name}: chords are made in halves, quarters and eighths")
    return meter


def key_of(request: Request, feel: Feel, rng: np.random.Generator) -> Tonality:
    """The key asked for; else that of the prompt or the song; else one that is drawn."""
    drawn = drawn_key(request, feel, rng)
    if request.key is None:
        return given_key(request) or drawn
    try:
        key = parse_key(request.key)
    except BadInputError as error:
        raise ParameterError(f"--key: {error}") from error
    if key.mode == "minor" and request.mode == "major":
        raise ParameterError(f"--key {request.key} is minor and --mode major; leave one out")
    return Tonality(key.tonic, "minor" if request.mode == "minor" else key.mode)


def drawn_key(request: Request, feel: Feel, rng: np.random.Generator) -> Tonality:
    """A key that players of the style like."""
    is_minor = rng.random() < feel.minor_share
    mode: Mode = "minor" if (request.mode or ("minor" if is_minor else "")) == "minor" else "major"
    names = feel.tonics[mode].split()
    return Tonality(parse_key(names[int(rng.integers(len(names)))]).tonic, mode)


def given_key(request: Request) -> Tonality | None:
    """The key of the song, or the one that the prompt's chords sound in."""
    if request.like is not None:
        keys = song_keys(request.like)
        return in_mode(keys[0 if request.vary else -1], request.mode) if keys else None
    if request.prompt is None or has_numerals(request.prompt):
        return None
    keys = song_keys(read_prompt(request.prompt, COMMON_TIME, None, None))
    return in_mode(keys[0], request.mode) if keys else None


def in_mode(key: Tonality, mode: str | None) -> Tonality:
    """The key, or its relative where the other mode is asked for."""
    if mode is None or key.mode == mode:
        return key
    return relative(key)


def tempo_of(request: Request, feel: Feel, meter: Meter, rng: np.random.Generator) -> float:
    """Quarter notes a minute: asked for, or the song's, or drawn from the style's range."""
    slowest, fastest = feel.tempos
    drawn = int(rng.integers(slowest, fastest + 1))
    unit = counted_beats(meter)
    if unit != 1.0:
        drawn = round(drawn * 2 / 3)  # three eighths take longer than two
    if request.tempo is None:
        song = request.like
        return song.tempos[0].bpm if song and song.tempos else drawn * unit
    if not SLOWEST <= request.tempo <= FASTEST:
        raise ParameterError(f"--tempo is {SLOWEST:g} to {FASTEST:g} beats a minute")
    return request.tempo * unit


def frame_of(request: Request, key: Tonality, meter: Meter, dice: np.random.Generator) -> Frame:
    """What the chords have to be."""
    style, cadence = STYLES[STYLES.index(request.style)], None
    if request.cadence is not None:
        cadence = CADENCE_NAMES[CADENCE_NAMES.index(request.cadence)]
    context = Context(key.tonic_pc, key.mode, style, meter.numerator, meter.denominator)
    rhythm = read_rhythm(request.rhythm)
    bars = DEFAULT_BARS if request.bars is None else request.bars
    frame = Frame(key, context, bars, cadence=cadence, rhythm_beats=rhythm)
    source = song_chords(request.like, key, frame.bar_beats) if request.like else []
    if request.vary:
        frame = varied(frame, source, request.bars, dice)
    elif request.prompt is not None:
        prompt = placed_chords(read_prompt(request.prompt, meter, key, rhythm))
        frame = replace(frame, prompt=tuple(prompt))
    if not request.vary:
        frame = replace(frame, past=past_steps(source, frame.bar_beats))
    return with_fixed(frame, request.fix)


def read_rhythm(text: str) -> float | None:
    """Beats that each chord lasts; None for "free"."""
    if text == FREE:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ParameterError(f"--harmonic-rhythm is '{FREE}' or a number of beats, not '{text}'")
    return float(text)
