"""N-gram baselines that the chord nets are compared with, one model per corpus or style.

Conventions: songs are counted in C major or A minor, which predicts better than moving all tonics
to C, since relative keys share their chords. Log probabilities are of absolute roots again. On a
corpus, a model of that corpus or style beats one of all corpora, and mixing the two did not help.
Songs of a group without a model use the model of all songs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, get_args

import numpy as np

from muse.tools.chords.ngrams import (
    TRIGRAM,
    AdaptiveNgram,
    CorpusNgram,
    Floats,
    Ids,
    Ngram,
    NgramState,
)
from muse.tools.datasets.chord_events import FIRST_TARGET_ID, Context, transposition
from muse.tools.datasets.chord_songs import ChordSong
from muse.tools.errors import ParameterError
from muse.tools.generation.witten_bell import tune_escape

BaselineName = Literal["unigram", "trigram", "adaptive"]
BASELINES: Final[tuple[BaselineName, ...]] = get_args(BaselineName)
Grouping = Literal["corpus", "style", "all"]
ALL_SONGS = "all"  # name of the group of all songs
GROUPINGS: dict[Grouping, Callable[[ChordSong], str]] = {
    "corpus": lambda song: song.corpus,
    "style": lambda song: song.context.style,
    "all": lambda _: ALL_SONGS,
}
ESCAPES = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 14.0)  # weights tried in tuning
DEFAULT_ESCAPE = 6.0  # if there are too few songs to tune on
TUNING_EVERY = 8  # one of this many training songs is held out for tuning


class KeyedState:
    """The state of an n-gram in a common key, for chords with absolute roots."""

    def __init__(self, state: NgramState, context: Context) -> None:
        """Start a song in the context's key."""
        self.state = state
        self.down = transposition(-context.home_pc)

    def append(self, chord: int) -> None:
        """Add the next chord by its absolute id."""
        self.state.append(int(self.down[chord]))

    def predict(self) -> Floats:
        """Return probabilities of the next chord by absolute id, shape (VOCABULARY_SIZE,)."""
        p: Floats = self.state.predict()[self.down]
        return p


class NgramPredictor:
    """N-grams in a common key, one per group of songs, as one model."""

    def __init__(self, models: Mapping[str, Ngram], grouping: Grouping) -> None:
        """Combine models by group, among them the one of ALL_SONGS."""
        self.models = models
        self.grouping = grouping

    def start(self, context: Context, group: str | None = None) -> KeyedState:
        """Return the state before a song's first chord.

        Args:
            context: key and style of the song.
            group: corpus or style, depending on the grouping; by default the context's style.
        """
        model = self.models.get(group or context.style, self.models[ALL_SONGS])
        return KeyedState(model.start(), context)

    def predict(self, past: Ids, context: Context) -> Floats:
        """Return probabilities of the chord after those of `past`, by absolute id."""
        state = self.start(context)
        for chord in past:
            state.append(chord)
        return state.predict()

    def song_log_probs(self, song: ChordSong) -> Floats:
        """Return log probabilities of each chord by absolute id, (chords, VOCABULARY_SIZE)."""
        state = self.start(song.context, GROUPINGS[self.grouping](song))
        rows = []
        for chord in song.chord_id.tolist():
            rows.append(state.predict())
            state.append(chord)
        with np.errstate(divide="ignore"):  # special tokens and repeats have no probability
            return np.log(np.stack(rows))


def train_baseline(
    name: BaselineName, songs: Sequence[ChordSong], grouping: Grouping = "style"
) -> NgramPredictor:
    """Fit a baseline to songs.

    Args:
        name: "unigram", "trigram", or "adaptive": the trigram under the counts of the song so far,
            with an escape weight tuned on songs held out from these.
        songs: for training.
        grouping: which songs are counted together.

    Raises:
        ParameterError: the name is unknown, or there are no songs.
    """
    if name not in BASELINES or not songs:
        known = ", ".join(BASELINES)
        raise ParameterError(f"a baseline needs songs, and a name of {known}, not '{name}'")
    groups: dict[str, list[ChordSong]] = {ALL_SONGS: list(songs)}
    for song in songs if grouping != "all" else ():
        groups.setdefault(GROUPINGS[grouping](song), []).append(song)
    models = {group: fit_group(name, members) for group, members in groups.items()}
    return NgramPredictor(models, grouping)


def fit_group(name: BaselineName, songs: Sequence[ChordSong]) -> Ngram:
    """Fit the n-gram of one group of songs."""
    corpus = count_ngram(songs, 0 if name == "unigram" else TRIGRAM)
    return AdaptiveNgram(corpus, tuned_escape(songs)) if name == "adaptive" else corpus


def count_ngram(songs: Iterable[ChordSong], order: int) -> CorpusNgram:
    """Count an n-gram of songs in a common key."""
    return CorpusNgram((song.common_ids().tolist() for song in songs), order)


def tuned_escape(songs: Sequence[ChordSong]) -> float:
    """Return the escape weight with the least loss on held-out songs; see `tune_escape`."""
    return tune_escape(songs, ESCAPES, TUNING_EVERY, fit_losses) or DEFAULT_ESCAPE


def fit_losses(songs: Sequence[ChordSong]) -> Callable[[ChordSong], Floats]:
    """Fit an adaptive trigram and return its losses of a song under each of the ESCAPES."""
    model = AdaptiveNgram(count_ngram(songs, TRIGRAM), DEFAULT_ESCAPE)
    return lambda song: escape_losses(model, song.common_ids().tolist())


def escape_losses(model: AdaptiveNgram, ids: Ids) -> Floats:
    """Return minus the log probability of a song under each of the ESCAPES, in nats."""
    state, weights = model.start(), np.array(ESCAPES)
    losses = np.zeros(len(ESCAPES))
    for chord in ids:
        if chord >= FIRST_TARGET_ID:
            losses -= np.log(state.likelihoods(chord, weights))
        state.append(chord)
    return losses
