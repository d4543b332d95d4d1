"""Sampling of notes in whole bars from a net over notes.

Conventions: times are steps, STEPS to a quarter note; pitch classes are those of the common key. A
token that would cross a bar line, or leave a rest of the bar that no tokens can fill, has
probability 0. Only a token of whole bars may begin at one bar line and end at a later one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.note_model import NoteModel
from muse.tools.datasets.melody_events import STEPS
from muse.tools.errors import ParameterError
from muse.tools.generation.sampling import Sampling, apply_sampling, draw
from muse.tools.theory.keys import Mode

Bools = NDArray[np.bool_]

FEWEST_TONES = 2  # pitch classes of a token that stands for a prompted chord
MIN_WEIGHT = 1e-9  # weight of allowed tokens to which the net gives probability 0
LONGEST_SILENCE = 0.5  # share of a bar: longest rest


@dataclass(frozen=True)
class PromptedChord:
    """A chord that notes have to fit.

    Attributes:
        start, end: steps.
        name: as the user reads it.
        tones: pitch classes of the chord.
        guides: those that a voicing must have: third, seventh and altered fifth, if it has them.
    """

    start: int
    end: int
    name: str
    tones: frozenset[int]
    guides: frozenset[int]


@dataclass(frozen=True)
class NoteFrame:
    """What sampled notes have to fit.

    Attributes:
        mode: of the common key.
        bars: number of bars.
        bar: length of a bar, in steps.
        prompt: chords of the beginning, in order and without gaps.
    """

    mode: Mode
    bars: int
    bar: int
    prompt: Sequence[PromptedChord] = ()


def sample_notes(
    model: NoteModel, frame: NoteFrame, sampling: Sampling, rng: np.random.Generator
) -> list[int]:
    """Sample tokens that fill the bars exactly.

    Raises:
        ParameterError: no tokens of the net fill a bar, or fit a chord of the prompt.
    """
    fillable = fillable_steps(model, frame.bar)
    if not fillable[frame.bar]:
        raise ParameterError(
            f"no notes of {model.name} fill a bar of {frame.bar / STEPS:g} quarter notes; "
            "use another --meter"
        )
    state, now, tokens = model.start(frame.mode), 0, list[int]()
    while now < frame.bars * frame.bar:
        mask = allowed_tokens(model, frame, now, fillable)
        weights = np.where(mask, state.predicted + MIN_WEIGHT, 0.0)
        token = draw(rng, apply_sampling(weights, sampling))
        tokens.append(token)
        now += int(model.steps[token])
        state = model.after(state, token)
    return tokens


def fillable_steps(model: NoteModel, longest: int, tokens: Bools | None = None) -> Bools:
    """Return which numbers of steps, 0 to `longest`, tokens can fill exactly.

    Args:
        model: with all tokens.
        longest: number of steps.
        tokens: those to take, (tokens,); None for all.
    """
    taken = model.steps if tokens is None else model.steps[tokens]
    lengths = {int(step) for step in taken if 0 < step <= longest}
    fillable = np.zeros(longest + 1, bool)
    fillable[0] = True
    for steps in range(1, longest + 1):
        fillable[steps] = any(fillable[steps - length] for length in lengths if length <= steps)
    return fillable


def allowed_tokens(model: NoteModel, frame: NoteFrame, now: int, fillable: Bools) -> Bools:
    """Return which tokens may begin at a step, (tokens,).

    Raises:
        ParameterError: none fits the prompted chord there.
    """
    chord = next((chord for chord in frame.prompt if chord.start <= now < chord.end), None)
    if chord is not None:
        return prompted_tokens(model, frame, chord, now)
    left, steps = frame.bar - now % frame.bar, model.steps
    inside = allowed_steps(model, left, fillable)
    mask = inside & ~(model.is_rest & (steps > LONGEST_SILENCE * frame.bar))
    if left == frame.bar:
        bars_left = frame.bars - now // frame.bar
        mask |= (steps > 0) & (steps % left == 0) & (steps // left <= bars_left)
        mask &= ~model.is_rest
    return mask if mask.any() else inside


def allowed_steps(model: NoteModel, left: int, fillable: Bools) -> Bools:
    """Return which tokens, (tokens,), end within `left` steps and leave a fillable rest of them."""
    inside: Bools = (model.steps > 0) & (model.steps <= left)
    return inside & fillable[np.clip(left - model.steps, 0, left)]


def prompted_tokens(model: NoteModel, frame: NoteFrame, chord: PromptedChord, now: int) -> Bools:
    """Return which tokens may begin at a step within a prompted chord, (tokens,)."""
    left = min(chord.end - now, frame.bar - now % frame.bar)
    voicings, rests = voicings_of(model, chord), model.is_rest
    mask = allowed_steps(model, left, fillable_steps(model, left, voicings | rests))
    mask &= voicings if now == chord.start else voicings | rests
    if not mask.any():
        raise ParameterError(
            f"--prompt: {model.name} has no notes of {chord.name} in this key that last "
            f"{left / STEPS:g} quarter notes; use another chord or --key"
        )
    return mask


def voicings_of(model: NoteModel, chord: PromptedChord) -> Bools:
    """Return which tokens are voicings of a chord, (tokens,): chord tones with all its guides."""
    return np.array(
        [
            len(classes) >= FEWEST_TONES and chord.guides <= classes <= chord.tones
            for classes in model.pitch_classes
        ]
    )
