"""An ear trainer that asks for the names of intervals, more often for those answered wrong.

Conventions: levels count from 1; sizes are in semitones. The same seed and the same answers give
the same questions, unless earlier answers are loaded.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from muse.tools.audio.render import load_fluidsynth
from muse.tools.audio.soundfonts import choose_soundfont
from muse.tools.errors import MissingPartError, ParameterError
from muse.tools.intervals.clip_settings import DIRECTIONS, ClipSettings
from muse.tools.intervals.generate import Clip, ClipMaker
from muse.tools.intervals.quiz_stats import FORMAT, Answer
from muse.tools.intervals.sample_label import LABEL, Label, clip_rng, sample_label
from muse.tools.intervals.sampled_notes import ResourceOwner
from muse.tools.theory.interval_spelling import spell_pair
from muse.tools.theory.intervals import INTERVAL_NAMES

UP, DOWN, TOGETHER = DIRECTIONS
RANGE_HZ = (110.0, 880.0)  # of the notes, A2 to A5
PIANO, PLUCKED = "gm:0", "pluck"
RECENT_ANSWERS = 20  # last answers of an interval that count
LEAST_WEIGHT = 0.15  # weight of an interval that is always right; one never asked for has 0.5
SEED_PURPOSE = LABEL + 100  # stream of random numbers that choose the size


@dataclass(frozen=True)
class Level:
    """Intervals that a level asks for.

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
        label: of the interval.
    """

    number: int
    label: Label

    @property
    def note_names(self) -> str:
        """Names of the notes in the order they sound, for a quiz without sound."""
        low, high = spell_pair(self.label.low_pitch, self.label.high_pitch)
        first, second = (high, low) if self.label.direction == DOWN else (low, high)
        return f"{first} {'with' if self.label.direction == TOGETHER else 'then'} {second}"


class Quiz(ResourceOwner):
    """A sequence of questions; a context manager, because FluidSynth must be freed."""

    def __init__(
        self,
        level: int = 1,
        *,
        directions: tuple[str, ...] | None = None,
        timbres: tuple[str, ...] | None = None,
        seed: int = 0,
        earlier: Iterable[Answer] = (),
        is_heard: bool = True,
    ) -> None:
        """Check the arguments.

        Args:
            level: 1 to 6.
            directions: of DIRECTIONS; None takes the level's.
            timbres: as in ClipSettings; None is a piano, or a plucked string without FluidSynth.
            seed: 0 or more.
            earlier: answers of other quizzes, oldest first; those to questions of the other kind,
                sound or note names, do not count.
            is_heard: whether questions are sound, rather than the names of notes.

        Raises:
            ParameterError, BadInputError, MissingPartError: as in sample_label.resolve_settings.
        """
        if not 1 <= level <= len(LEVELS):
            raise ParameterError(f"--level must be 1 to {len(LEVELS)}, not {level}")
        super().__init__()
        self.level, self.seed = level, seed
        self.answers: list[Answer] = []
        self._is_heard = is_heard
        self._earlier = [answer for answer in earlier if answer.heard == is_heard]
        settings = level_settings(LEVELS[level - 1], directions, timbres or default_timbres())
        self._maker = self._stack.enter_context(ClipMaker(settings, seed))
        self.settings = settings

    def question(self) -> Question:
        """Return the next question, the same one until it is answered."""
        number = len(self.answers) + 1
        rng = clip_rng(self.seed, number, SEED_PURPOSE)
        sizes = self.settings.intervals
        weights = size_weights(sizes, [*self._earlier, *self.answers])
        size = int(rng.choice(sizes, p=weights / weights.sum()))
        only = replace(self.settings, intervals=(size,))
        return Question(
            number, sample_label(replace(self._maker.resolved, settings=only), self.seed, number)
        )

    def clip(self, question: Question) -> Clip:
        """Return the question's clip, (frames,) at the settings' sample rate."""
        return self._maker.sound(question.label)

    def answer(self, question: Question, semitones: int) -> Answer:
        """Judge an answer and store it."""
        label = question.label
        judged = Answer(
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
            heard=self._is_heard,
        )
        self.answers.append(judged)
        return judged


def level_settings(
    level: Level, directions: tuple[str, ...] | None, timbres: tuple[str, ...]
) -> ClipSettings:
    """Return the settings of a level's clips; without a unison if notes are only together."""
    chosen = directions or level.directions
    return ClipSettings(
        lowest_hz=RANGE_HZ[0],
        highest_hz=RANGE_HZ[1],
        intervals=tuple(size for size in level.sizes if size or set(chosen) != {TOGETHER}),
        directions=chosen,
        timbres=timbres,
    )


def default_timbres() -> tuple[str, ...]:
    """Return a piano if FluidSynth and a soundfont are installed, otherwise a plucked string."""
    try:
        load_fluidsynth()
        choose_soundfont()
    except MissingPartError:
        return (PLUCKED,)
    return (PIANO,)


def size_weights(sizes: Sequence[int], answers: Sequence[Answer]) -> np.ndarray:
    """Return the weight of each size in the choice of questions."""
    return np.array(
        [size_weight([a.right for a in answers if a.semitones == size]) for size in sizes]
    )


def size_weight(right: Sequence[bool]) -> float:
    """Return the share of wrong answers among the last ones (rule of succession)."""
    last = right[-RECENT_ANSWERS:]
    return max((last.count(False) + 1) / (len(last) + 2), LEAST_WEIGHT)
