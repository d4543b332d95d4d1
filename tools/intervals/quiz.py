"""An ear trainer: intervals to be named, those that were missed coming oftener.

Conventions: levels count from 1; sizes are in semitones. The same seed and the same answers give
the same questions, unless a file of earlier answers weighs in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from muse.tools.audio.render import load_fluidsynth
from muse.tools.audio.soundfonts import choose_soundfont
from muse.tools.errors import MissingPartError, ParameterError
from muse.tools.intervals.clip_settings import DIRECTIONS, Recipe
from muse.tools.intervals.generate import Clip, Maker
from muse.tools.intervals.quiz_stats import FORMAT, Answer
from muse.tools.intervals.sample_label import DRAWN, Label, dice_for, draw
from muse.tools.intervals.sampled_notes import Holder
from muse.tools.theory.intervals import INTERVAL_NAMES
from muse.tools.theory.pitch import midi_name

UP, DOWN, TOGETHER = DIRECTIONS
RANGE_HZ = (110.0, 880.0)  # of the notes, A2 to A5
PIANO, PLUCKED = "gm:0", "pluck"
REMEMBERED = 20  # last answers of an interval that weigh in how often it comes
RAREST = 0.15  # weight of an interval that is always right; one never asked has 0.5
SEED_PURPOSE = DRAWN + 100  # of the dice that choose the size, apart from those of the clips


@dataclass(frozen=True)
class Level:
    """What a level asks for.

    Attributes:
        sizes: in semitones.
        directions: of DIRECTIONS.
    """

    sizes: tuple[int, ...]
    directions: tuple[str, ...]


LEVELS = (
    Level((5, 7, 12), (UP,)),
    Level((3, 4, 5, 7, 12), (UP,)),
    Level((1, 2, 3, 4, 5, 7, 12), (UP, DOWN)),
    Level(tuple(range(1, 13)), (UP, DOWN)),
    Level(tuple(range(1, 13)), DIRECTIONS),
    Level(tuple(range(25)), DIRECTIONS),
)


@dataclass(frozen=True)
class Question:
    """An interval to be named.

    Attributes:
        number: within the quiz, from 1.
        label: what it is.
    """

    number: int
    label: Label

    @property
    def in_notes(self) -> str:
        """The notes by their names, in the order they sound: for a quiz without sound."""
        low, high = midi_name(self.label.low_pitch), midi_name(self.label.high_pitch)
        first, second = (high, low) if self.label.direction == DOWN else (low, high)
        return f"{first} {'with' if self.label.direction == TOGETHER else 'then'} {second}"


class Quiz(Holder):
    """Questions one after the other; a context, since FluidSynth is to be freed."""

    def __init__(
        self,
        level: int = 1,
        *,
        directions: tuple[str, ...] | None = None,
        timbres: tuple[str, ...] | None = None,
        seed: int = 0,
        earlier: Iterable[Answer] = (),
    ) -> None:
        """Check what is asked for.

        Args:
            level: 1 to 6.
            directions: of DIRECTIONS; None takes the level's.
            timbres: as a recipe's; None is a piano, or a plucked string where no piano can be had.
            seed: 0 or more.
            earlier: answers of other quizzes, oldest first.

        Raises:
            ParameterError, BadInputError, MissingPartError: as `draw.choices`.
        """
        if not 1 <= level <= len(LEVELS):
            raise ParameterError(f"--level is 1 to {len(LEVELS)}, not {level}")
        super().__init__()
        self.level, self.seed = level, seed
        self.answers: list[Answer] = []
        self._earlier = list(earlier)
        recipe = recipe_of_level(LEVELS[level - 1], directions, timbres or usual_timbres())
        self._maker = self._stack.enter_context(Maker(recipe, seed))
        self.recipe = recipe

    def question(self) -> Question:
        """The next question; the same one until it is answered."""
        number = len(self.answers) + 1
        dice = dice_for(self.seed, number, SEED_PURPOSE)
        sizes = self.recipe.intervals
        chances = weights(sizes, [*self._earlier, *self.answers])
        size = int(dice.choice(sizes, p=chances / chances.sum()))
        only = replace(self.recipe, intervals=(size,))
        return Question(number, draw(replace(self._maker.given, recipe=only), self.seed, number))

    def clip(self, question: Question) -> Clip:
        """How the question sounds: (frames,) at the rate of the recipe."""
        return self._maker.sound(question.label)

    def answer(self, question: Question, semitones: int) -> Answer:
        """Judge an answer and keep it."""
        label = question.label
        given = Answer(
            format=FORMAT,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=self.seed,
            question=question.number,
            level=self.level,
            semitones=label.semitones,
            name=INTERVAL_NAMES[label.semitones],
            direction=label.direction,
            low_pitch=label.low_pitch,
            timbre=label.timbre,
            program=label.program,
            answered=semitones,
            right=semitones == label.semitones,
        )
        self.answers.append(given)
        return given


def recipe_of_level(
    level: Level, directions: tuple[str, ...] | None, timbres: tuple[str, ...]
) -> Recipe:
    """What the clips of a level are drawn from; a unison is left out where it cannot be heard."""
    chosen = directions or level.directions
    return Recipe(
        lowest_hz=RANGE_HZ[0],
        highest_hz=RANGE_HZ[1],
        intervals=tuple(size for size in level.sizes if size or set(chosen) != {TOGETHER}),
        directions=chosen,
        timbres=timbres,
    )


def usual_timbres() -> tuple[str, ...]:
    """A piano where there is FluidSynth and a soundfont, else a plucked string."""
    try:
        load_fluidsynth()
        choose_soundfont()
    except MissingPartError:
        return (PLUCKED,)
    return (PIANO,)


def weights(sizes: Sequence[int], answers: Sequence[Answer]) -> np.ndarray:
    """How often each size is to come: by the share of its last answers that were wrong."""
    return np.array([weight([a.right for a in answers if a.semitones == size]) for size in sizes])


def weight(right: Sequence[bool]) -> float:
    """The share of wrong answers among the last ones, one of each kind added (Laplace's rule)."""
    last = right[-REMEMBERED:]
    return max((last.count(False) + 1) / (len(last) + 2), RAREST)
