"""N-grams of chords: their probabilities, what they learn from a song, and their scores."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.chords.ngram_baselines import (
    BASELINES,
    ESCAPES,
    NgramPredictor,
    train_baseline,
    tuned_escape,
)
from muse.tools.chords.ngrams import AdaptiveNgram, CorpusNgram, uniform
from muse.tools.datasets.chord_data import read_chord_data
from muse.tools.datasets.chord_events import (
    FIRST_TARGET_ID,
    VOCABULARY_SIZE,
    Context,
    symbol_of_id,
    transposed_ids,
)
from muse.tools.datasets.chord_songs import ChordSong, chord_song
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.vocabulary import UNKNOWN_ID
from muse.tools.errors import ParameterError
from muse.tools.evaluation.chords import EVERYTHING, evaluate
from muse.tools.song.document import Chord, Key, Song
from muse.tools.theory.chords import write_harte

C, F, G, AM = (CHORD_VOCABULARY.ids[name] for name in ("C:maj", "F:maj", "G:maj", "A:min"))
SONGS = [[C, F, G, C, AM, F, G, C], [AM, F, C, G, AM, F, C, G], [C, G, AM, F] * 3]
NEO_SOUL = Path(__file__).parent.parent / "examples" / "neo_soul.txt"

sequences = st.lists(st.sampled_from([C, F, G, AM, UNKNOWN_ID, FIRST_TARGET_ID]), max_size=40)


def merged(ids: list[int]) -> list[int]:
    return [chord for chord, before in zip(ids, [None, *ids], strict=False) if chord != before]


def song_of(ids: list[int], key: Key, name: str = "a/song") -> ChordSong:
    moved = transposed_ids(np.array(ids), key.tonic_pc).tolist()
    names = [write_harte(symbol_of_id(i)) for i in moved]
    chords = [Chord(4.0 * bar, 4.0, symbol) for bar, symbol in enumerate(names)]
    return chord_song(name, Song(keys=[key], chords=chords), "pop")


def test_trigram_equals_witten_bell_by_hand() -> None:
    """By hand: after G came AM four times and C twice, after C and G always AM, four times."""
    model = CorpusNgram(SONGS)
    everything = Counter(chord for song in SONGS for chord in song)
    after_g = Counter({AM: 4, C: 2})
    n, types = sum(everything.values()), len(everything)
    p1 = (everything[AM] + types * uniform()[AM]) / (n + types)
    p2 = (after_g[AM] + 2 * p1) / (6 + 2)
    assert model.probabilities((G,))[AM] == pytest.approx(p2)
    assert model.probabilities((C, G))[AM] == pytest.approx((4 + 1 * p2) / (4 + 1))
    assert model.predict([F, C, G])[AM] == pytest.approx(
        model.probabilities((C, G))[AM] / (1 - model.probabilities((C, G))[G])
    )


@settings(max_examples=40, deadline=None)
@given(sequences)
def test_probabilities_sum_to_one_and_are_positive(ids: list[int]) -> None:
    past = merged(ids)
    corpus = CorpusNgram(SONGS)
    for p in (corpus.predict(past), AdaptiveNgram(corpus, 3.0).predict(past)):
        assert p.shape == (VOCABULARY_SIZE,)
        assert p.sum() == pytest.approx(1.0)
        assert (p[:FIRST_TARGET_ID] == 0).all()
        possible = [i for i in range(FIRST_TARGET_ID, VOCABULARY_SIZE) if past[-1:] != [i]]
        assert (p[possible] > 0).all()


@settings(max_examples=40, deadline=None)
@given(sequences)
def test_adaptive_equals_its_definition(ids: list[int]) -> None:
    """Compare with the definition, with counts of the whole past at each order."""
    past = merged(ids)
    corpus, escape = CorpusNgram(SONGS), 2.5
    p = corpus.predict(past)
    for length in range(1, 17):
        context = past[len(past) - length :]
        if length > len(past):
            break
        places = range(length, len(past))
        followers = [past[i] for i in places if past[i - length : i] == context]
        known = [chord for chord in followers if chord != UNKNOWN_ID]
        counts = np.bincount(np.array(known, int), minlength=VOCABULARY_SIZE)
        p = (counts + escape * p) / (len(known) + escape)
    if past and past[-1] >= FIRST_TARGET_ID:
        p[past[-1]] = 0.0
    assert AdaptiveNgram(corpus, escape).predict(past) == pytest.approx(p / p.sum())


def test_step_by_step_equals_whole_song() -> None:
    model = AdaptiveNgram(CorpusNgram(SONGS), 4.0)
    song = model.start()
    for place, chord in enumerate(SONGS[1]):
        assert np.array_equal(song.predict(), model.predict(SONGS[1][:place]))
        weights = np.array([1.0, 4.0, 9.0])
        assert song.likelihoods(chord, weights)[1] == pytest.approx(song.predict()[chord])
        song.append(chord)


def test_repetition_within_a_song_is_learned() -> None:
    """Check that a progression that only the song contains is predicted on repetition."""
    loop = [CHORD_VOCABULARY.ids[name] for name in ("Db:maj", "E:min", "B:7", "Eb:dim")]
    corpus = CorpusNgram(SONGS)
    past = loop * 3
    assert corpus.predict(past)[loop[0]] < 0.01
    assert AdaptiveNgram(corpus, 3.0).predict(past)[loop[0]] > 0.7


def test_figures_do_not_depend_on_the_key() -> None:
    """Check that transposed songs have the same scores."""
    keys = [Key(0.0, tonic, mode) for tonic in (0, 4, 11) for mode in ("major", "minor")]  # type: ignore[arg-type]
    for mode in ("major", "minor"):
        train = [song_of(ids, Key(0.0, 0, mode), f"a/{i}") for i, ids in enumerate(SONGS)]  # type: ignore[arg-type]
        for name in BASELINES:
            model = train_baseline(name, train, "all")
            found = [
                evaluate(model, [song_of(SONGS[1], key)])[EVERYTHING]
                for key in keys
                if key.mode == mode
            ]
            for figure in found[1:]:
                assert figure.perplexity == pytest.approx(found[0].perplexity)
                assert (figure.top1, figure.top3) == (found[0].top1, found[0].top3)


def test_groups_and_songs_without_a_group_model() -> None:
    train = [song_of(ids, Key(0.0, 0, "major"), f"a/{i}") for i, ids in enumerate(SONGS)]
    model = train_baseline("adaptive", train, "style")
    assert set(model.models) == {"all", "pop"}
    jazz, pop = (Context(2, "major", style) for style in ("jazz", "pop"))
    assert model.predict([], jazz) == pytest.approx(model.predict([], pop))
    past = transposed_ids(np.array([C, F]), 2).tolist()
    down = model.predict([C, F], Context(0, "major", "pop"))
    assert model.predict(past, pop)[transposed_ids(np.array([G]), 2)[0]] == pytest.approx(down[G])


def test_rows_depend_on_the_past_only() -> None:
    """Check that a different end of the song does not change earlier rows."""
    train = [song_of(ids, Key(0.0, 0, "major"), f"a/{i}") for i, ids in enumerate(SONGS)]
    one, other = (song_of([C, F, G, end], Key(0.0, 0, "major")) for end in (C, AM))
    for name in BASELINES:
        model = train_baseline(name, train)
        assert np.array_equal(model.song_log_probs(one), model.song_log_probs(other))


def test_better_models_score_better() -> None:
    """Check on charts and looping songs that each baseline beats the simpler one."""
    data = read_chord_data([NEO_SOUL])
    train, test = data.songs[::2], data.songs[1::2]
    unigram, trigram, adaptive = (
        evaluate(train_baseline(name, train), test)[EVERYTHING] for name in BASELINES
    )
    assert unigram.perplexity > trigram.perplexity > adaptive.perplexity
    assert unigram.top1 < trigram.top1
    assert unigram.chords == sum(len(song) for song in test)


def test_escape_is_tuned_on_training_songs() -> None:
    """Check that repetitive songs give a small escape weight, and others a large one."""
    rng = np.random.default_rng(5)
    names = np.arange(FIRST_TARGET_ID, VOCABULARY_SIZE)
    loops = [rng.choice(names, 4, replace=False).tolist() * 6 for _ in range(16)]
    walks = [merged(rng.choice(names[:60], 24).tolist()) for _ in range(16)]
    found = [
        tuned_escape([song_of(ids, Key(0.0, 0, "major"), f"a/{i}") for i, ids in enumerate(songs)])
        for songs in (loops, walks)
    ]
    assert found == [min(ESCAPES), max(ESCAPES)]


def test_invalid_arguments_are_refused() -> None:
    with pytest.raises(ParameterError, match="bigram"):
        train_baseline("bigram", [song_of(SONGS[0], Key(0.0, 0, "major"))])  # type: ignore[arg-type]
    with pytest.raises(ParameterError):
        train_baseline("trigram", [])


def test_predictor_of_one_model() -> None:
    model = NgramPredictor({"all": CorpusNgram(SONGS, 0)}, "all")
    assert model.predict([], Context(0, "major", "soul")).sum() == pytest.approx(1.0)
