"""The n-grams as models to be scored and used: in a common key, one for each corpus or style.

Conventions: songs are counted in C major or A minor, which tells more than the tonic alone does,
since relative keys share their chords. Log probabilities are of absolute roots again. A model
learned from one corpus or style is ahead of one of all corpora together on that corpus, and mixing
the two did not help; what has no model of its own gets that of all songs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, get_args

import numpy as np

from muse.tools.chords.events import FIRST_TARGET_ID, Context, shifted_ids
from muse.tools.chords.ngrams import (
    TRIGRAM,
    AdaptiveNgram,
    CorpusNgram,
    Floats,
    Ids,
    Ngram,
    SongSoFar,
)
from muse.tools.chords.song_arrays import ChordSong
from muse.tools.errors import ParameterError

BaselineName = Literal["unigram", "trigram", "adaptive"]
BASELINES: Final[tuple[BaselineName, ...]] = get_args(BaselineName)
Grouping = Literal["corpus", "style", "all"]
EVERYONE = "all"  # the group of all songs
GROUPINGS: dict[Grouping, Callable[[ChordSong], str]] = {
    "corpus": lambda song: song.corpus,
    "style": lambda song: song.context.style,
    "all": lambda _: EVERYONE,
}
ESCAPES = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 14.0)  # weights tried in tuning
USUAL_ESCAPE = 6.0  # where there are too few songs to tune on
TUNING_EVERY = 8  # of the training songs one in so many is held out for that


class KeyedSong:
    """A song that is told in absolute roots to a model that works in a common key."""

    def __init__(self, song: SongSoFar, context: Context) -> None:
        """Begin, in the context's key."""
        self.song = song
        self.down = shifted_ids(-context.home_pc)

    def append(self, chord: int) -> None:
        """Hear one more chord, by its absolute id."""
        self.song.append(int(self.down[chord]))

    def predict(self) -> Floats:
        """Probabilities of the next chord by absolute id, shape (VOCABULARY_SIZE,)."""
        p: Floats = self.song.predict()[self.down]
        return p


class NgramPredictor:
    """N-grams in a common key, one for each group of songs, as one model."""

    def __init__(self, models: Mapping[str, Ngram], grouping: Grouping) -> None:
        """Take the models by group, that of EVERYONE among them."""
        self.models = models
        self.grouping = grouping

    def song(self, context: Context, group: str | None = None) -> KeyedSong:
        """A song that begins, to be told and asked in absolute ids.

        Args:
            context: key and style.
            group: a corpus or a style, as the grouping is; the context's style without.
        """
        model = self.models.get(group or context.style, self.models[EVERYONE])
        return KeyedSong(model.song(), context)

    def predict(self, past: Ids, context: Context) -> Floats:
        """Probabilities of the next chord after those of a song, all in absolute ids."""
        song = self.song(context)
        for chord in past:
            song.append(chord)
        return song.predict()

    def song_log_probs(self, song: ChordSong) -> Floats:
        """See scoring.Predictor."""
        heard = self.song(song.context, GROUPINGS[self.grouping](song))
        rows = []
        for chord in song.chord_id.tolist():
            rows.append(heard.predict())
            heard.append(chord)
        with np.errstate(divide="ignore"):  # specials and repeats have no probability
            return np.log(np.stack(rows))


def train_baseline(
    name: BaselineName, songs: Sequence[ChordSong], grouping: Grouping = "style"
) -> NgramPredictor:
    """Count songs.

    Args:
        name: "unigram", "trigram", or "adaptive": the trigram under the counts of the song so far,
            its escape weight tuned on songs held out from these for that.
        songs: for training.
        grouping: which songs are counted together.

    Raises:
        ParameterError: no such baseline, or no songs.
    """
    if name not in BASELINES or not songs:
        raise ParameterError(f"'{name}' is none of {', '.join(BASELINES)}, or there are no songs")
    groups: dict[str, list[ChordSong]] = {EVERYONE: list(songs)}
    for song in songs if grouping != "all" else ():
        groups.setdefault(GROUPINGS[grouping](song), []).append(song)
    return NgramPredictor({group: trained(name, own) for group, own in groups.items()}, grouping)


def trained(name: BaselineName, songs: Sequence[ChordSong]) -> Ngram:
    """The n-gram of one group of songs."""
    corpus = counted(songs, 0 if name == "unigram" else TRIGRAM)
    return AdaptiveNgram(corpus, tuned_escape(songs)) if name == "adaptive" else corpus


def counted(songs: Iterable[ChordSong], order: int) -> CorpusNgram:
    """An n-gram of songs in a common key."""
    return CorpusNgram((song.common_ids().tolist() for song in songs), order)


def tuned_escape(songs: Sequence[ChordSong]) -> float:
    """The escape weight with the least perplexity on some of the songs, learned on the others.

    Near-duplicates may stand on either side here, which speaks for a smaller weight if anything.
    """
    tuning = songs[::TUNING_EVERY]
    others = [song for place, song in enumerate(songs) if place % TUNING_EVERY]
    if not others:
        return USUAL_ESCAPE
    model = AdaptiveNgram(counted(others, TRIGRAM), USUAL_ESCAPE)
    losses = sum(escape_losses(model, song.common_ids().tolist()) for song in tuning)
    return ESCAPES[int(np.argmin(losses))]


def escape_losses(model: AdaptiveNgram, ids: Ids) -> Floats:
    """Minus the log probability of a song's chords under each of the ESCAPES, in nats."""
    song, weights = model.song(), np.array(ESCAPES)
    losses = np.zeros(len(ESCAPES))
    for chord in ids:
        if chord >= FIRST_TARGET_ID:
            losses -= np.log(song.likelihoods(chord, weights))
        song.append(chord)
    return losses
