"""What a user asks of a progression, as text, made into a frame that can be composed in.

What is left out is drawn: a key that players of the style like, a tempo in its range. A song to
continue, and one whose melody gets the chords, give key, metre and tempo where they are not asked
for otherwise; a key that is asked for moves no melody, but says what key it is in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import msgspec
import numpy as np

from muse.tools.chords.cadences import CADENCE_NAMES
from muse.tools.chords.constraints import Frame
from muse.tools.chords.events import STYLES, Context
from muse.tools.chords.harmonize.melody import (
    DENOMINATORS,
    Melody,
    check_room,
    keys_of,
    melody_of,
    settled,
    under_frame,
)
from muse.tools.chords.prompt import (
    has_numerals,
    past_steps,
    placed_chords,
    read_prompt,
    song_chords,
    song_keys,
    varied,
    with_fixed,
)
from muse.tools.chords.style import FEELS, Feel
from muse.tools.datasets.harmony_columns import longest_key
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.generation.sampling import Sampling
from muse.tools.song.document import Meter, Song
from muse.tools.song.meter import COMMON_TIME, first_meter, parse_meter, pulse_beats, signature_text
from muse.tools.theory.keys import Mode, Tonality, parse_key, relative, tonality_of
from muse.tools.theory.voicing import STYLES as VOICINGS

DEFAULT_BARS = 8
DEFAULT_STYLE = "neo-soul"
SLOWEST, FASTEST = 20.0, 400.0  # counted beats a minute
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
        under: a song whose melody gets chords, as many bars as it has.
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
    under: Song | None = None
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
        meter: from the first beat on; of a melody the one that holds longest.
        melody: what the chords are under; None without any.
    """

    frame: Frame
    feel: Feel
    voicing: str
    bpm: float
    meter: Meter
    melody: Melody | None = None


def resolved(
    request: Request,
    rng: np.random.Generator,
    dice: np.random.Generator,
    source: str = "the song",
) -> Task:
    """Read a request and draw what it leaves open.

    Args:
        request: what is asked.
        rng: draws key and tempo.
        dice: draws which chords of a song are varied.
        source: what to call the song of a melody in a message.

    Raises:
        ParameterError: something in it cannot be read or does not go together.
        BadInputError: the song to continue has no chords, or the one of --under no melody.
    """
    check_names(request)
    check_together(request)
    feel = FEELS[STYLES[STYLES.index(request.style)]]
    asked = asked_meter(request)
    melody = None if request.under is None else melody_of(request.under, asked, source)
    meter = melody.meter if melody else asked or meter_of(request.like)
    key = key_of(request, feel, melody, rng)
    bpm = tempo_of(request, feel, meter, melody, rng)
    frame = frame_of(request, key, meter, melody, dice)
    if melody is not None:
        is_key_asked = request.key is not None or request.mode is not None
        asked_bpm = bpm if request.tempo is not None else None
        melody = settled(melody, key if is_key_asked else None, asked_bpm)
    return Task(frame, feel, request.voicing or feel.voicing, bpm, meter, melody)


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


def check_together(request: Request) -> None:
    """Raise where two options do not go together."""
    if request.under is not None and (request.like is not None or request.vary):
        raise ParameterError("--under takes its melody's song alone; leave out --like and --vary")
    if request.under is not None and request.bars is not None:
        raise ParameterError("--under fills the bars of its melody; leave out --bars")
    if request.vary and request.like is None:
        raise ParameterError("--vary changes the chords of a song; name one with --like")
    if request.vary and request.prompt is not None:
        raise ParameterError("--vary keeps what a song begins with; leave out --prompt")


def asked_meter(request: Request) -> Meter | None:
    """The metre asked for; None where it is left open."""
    if request.meter is None:
        return None
    try:
        meter = parse_meter(request.meter)
    except BadInputError as error:
        raise ParameterError(f"--meter: {error}") from error
    return countable(meter)


def meter_of(song: Song | None) -> Meter:
    """The first metre of a song to continue; 4/4 without any."""
    return countable(first_meter(song) if song else COMMON_TIME)


def countable(meter: Meter) -> Meter:
    """The metre, if chords can be counted in it."""
    if meter.denominator not in DENOMINATORS:
        raise ParameterError(
            f"--meter {signature_text(meter)}: chords are made in halves, quarters and eighths"
        )
    return meter


def key_of(
    request: Request, feel: Feel, melody: Melody | None, rng: np.random.Generator
) -> Tonality:
    """The key asked for; else that of the melody, the prompt or the song; else one drawn."""
    drawn = drawn_key(request, feel, rng)
    if request.key is None and melody is not None:
        song = msgspec.structs.replace(melody.song, keys=keys_of(melody))
        return in_mode(tonality_of(longest_key(song)), request.mode)
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


def tempo_of(
    request: Request,
    feel: Feel,
    meter: Meter,
    melody: Melody | None,
    rng: np.random.Generator,
) -> float:
    """Quarter notes a minute: asked for, or the song's, or drawn from the style's range."""
    slowest, fastest = feel.tempos
    drawn = int(rng.integers(slowest, fastest + 1))
    unit = pulse_beats(meter)
    if unit != 1.0:
        drawn = round(drawn * 2 / 3)  # three eighths take longer than two
    if request.tempo is None and melody is not None:
        return melody.song.tempo_map().bpm_at(melody.origin_beats)
    if request.tempo is None:
        song = request.like
        return song.tempos[0].bpm if song and song.tempos else drawn * unit
    if not SLOWEST <= request.tempo <= FASTEST:
        raise ParameterError(f"--tempo is {SLOWEST:g} to {FASTEST:g} beats a minute")
    return request.tempo * unit


def frame_of(
    request: Request,
    key: Tonality,
    meter: Meter,
    melody: Melody | None,
    dice: np.random.Generator,
) -> Frame:
    """What the chords have to be."""
    style, cadence = STYLES[STYLES.index(request.style)], None
    if request.cadence is not None:
        cadence = CADENCE_NAMES[CADENCE_NAMES.index(request.cadence)]
    context = Context(key.tonic_pc, key.mode, style, meter.numerator, meter.denominator)
    rhythm = read_rhythm(request.rhythm)
    bars = DEFAULT_BARS if request.bars is None else request.bars
    frame = Frame(key, context, bars, cadence=cadence, rhythm_beats=rhythm)
    if melody is not None:
        frame = under_frame(frame, melody)
    source = song_chords(request.like, key, frame.bar_beats) if request.like else []
    if request.vary:
        frame = varied(frame, source, request.bars, dice)
    elif request.prompt is not None:
        prompt = placed_chords(read_prompt(request.prompt, meter, key, rhythm))
        frame = replace(frame, prompt=tuple(prompt))
        check_room(frame, melody)
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
