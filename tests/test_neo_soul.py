"""The neo-soul charts keep the promises at their head, and are played as they are written."""

import subprocess
import sys
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest

from muse.tools.datasets.chart_writer import write_charts
from muse.tools.datasets.charts import Chart, parse_charts
from muse.tools.datasets.duplicates import find_near_duplicates
from muse.tools.song.meter import pulse_beats, song_bars
from muse.tools.song.midi import load_song
from muse.tools.theory.chords import parse_chord, respelled
from muse.tools.theory.keys import Tonality, tonality_of
from muse.tools.theory.pitch import pitch_class
from muse.tools.theory.qualities import QUALITIES
from tests.harmonic_moves import DETECTORS, Step, likeness, moves_of, steps_of

CORPUS = Path(__file__).parent.parent / "examples" / "neo_soul.txt"
F_FLAT, E_SHARP = -8, 11  # on the line of fifths
MOST_ALIKE = 0.5  # Jaccard index of two progressions' moves; more is a near-duplicate
SHORT = """
title: Short
key: F# minor; tempo: 78; meter: 4/4; swing: 58; behind: 15
verse | F#m9 | F#7#9 . G#m7b5/B . | <C#7alt . Em7/G . |
key: E major; meter: 12/8; tempo: 60
end   | N.C. | E6/9 . A/E B7 |
title: Plain
| F . G . |
"""


@pytest.fixture(scope="module")
def corpus() -> list[Chart]:
    return parse_charts(CORPUS.read_text(encoding="utf-8"), CORPUS.name)


@pytest.fixture(scope="module")
def steps(corpus: list[Chart]) -> dict[str, list[Step]]:
    return {chart.id: steps_of(chart) for chart in corpus}


def test_the_corpus_is_as_large_and_as_spread_as_it_says(corpus: list[Chart]) -> None:
    assert len(corpus) == 144
    counts = Counter((c.song.keys[0].tonic_pc, c.song.keys[0].mode) for c in corpus)
    wanted = {("major"): 7, ("minor"): 5}
    assert counts == {(pc, mode): wanted[mode] for pc in range(12) for mode in wanted}
    meters = Counter((c.song.meters[0].numerator, c.song.meters[0].denominator) for c in corpus)
    assert set(meters) == {(4, 4), (3, 4), (6, 8), (12, 8), (5, 4)}
    assert min(meters.values()) >= 4
    assert all(8 <= len(list(song_bars(c.song))) <= 16 for c in corpus)
    tempos = [c.song.tempos[0].bpm / pulse_beats(c.song.meters[0]) for c in corpus]
    assert (min(tempos), max(tempos)) == (60, 112)
    assert all(c.idea and c.song.sections[0].beat == 0 for c in corpus)


def test_the_corpus_opens_and_closes_in_many_ways(steps: dict[str, list[Step]]) -> None:
    assert sum(each[0].root != 0 for each in steps.values()) >= 50
    assert len({each[0].root for each in steps.values()}) >= 6
    assert sum(each[-1].root != 0 for each in steps.values()) >= 50


def test_no_two_progressions_of_the_corpus_are_alike(steps: dict[str, list[Step]]) -> None:
    moves = {id: moves_of(each) for id, each in steps.items()}
    alike = [
        (one, other)
        for one, other in combinations(moves, 2)
        if likeness(moves[one], moves[other]) >= MOST_ALIKE
    ]
    assert alike == []


def test_every_tag_is_found_in_the_chords(
    corpus: list[Chart], steps: dict[str, list[Step]]
) -> None:
    for chart in corpus:
        assert chart.tags
        for tag in chart.tags:
            assert DETECTORS[tag](chart, steps[chart.id]), (chart.title, tag)
    counts = Counter(tag for chart in corpus for tag in chart.tags)
    assert set(counts) == set(DETECTORS)
    assert min(counts.values()) >= 5


def test_the_corpus_is_rich_in_kinds_of_chords(corpus: list[Chart]) -> None:
    counts = Counter(c.quality for chart in corpus for c in chart.song.chords)
    assert sum(counts.values()) > 2500
    assert sum(count >= 5 for count in counts.values()) >= 30
    extended = sum(counts[row.name] for row in QUALITIES if len(row.intervals) > 3)
    assert extended > 0.9 * sum(counts.values())


def test_chords_of_the_corpus_are_spelled_as_a_player_would(corpus: list[Chart]) -> None:
    """Roots as the key has them, but for the few that would look odd, and a bass as the chord."""
    as_the_key_has_them = Counter[bool]()
    for chart in corpus:
        for chord in chart.song.chords:
            key, symbol = tonality_in(chart, chord.start_beats), parse_chord(chord.symbol)
            assert symbol.root is not None
            assert F_FLAT <= symbol.root <= E_SHARP, (chart.title, chord.symbol)
            as_the_key_has_them[symbol.root == respelled(symbol, key).root] += 1
            if symbol.bass is not None:
                degrees = {i.semitones % 12: i.fifths for i in symbol.intervals}
                place = symbol.bass - symbol.root
                assert degrees.get(pitch_class(place), place) == place, (chart.title, chord.symbol)
    assert as_the_key_has_them[True] > 0.96 * as_the_key_has_them.total()


def tonality_in(chart: Chart, beat: float) -> Tonality:
    """Return the key in force; F sharp major is written as G flat."""
    key = tonality_of(next(k for k in reversed(chart.song.keys) if k.beat <= beat))
    return Tonality(-6, "major") if key == Tonality(6, "major") else key


def test_the_corpus_survives_writing_and_reading(corpus: list[Chart]) -> None:
    assert parse_charts(write_charts(corpus)) == corpus


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("takes")
    play(folder, "--takes", "1")
    return folder


def play(folder: Path, *options: str) -> None:
    command = [sys.executable, str(CORPUS.with_name("render_neo_soul.py")), str(folder), *options]
    subprocess.run(command, check=True, capture_output=True)


def test_each_take_holds_its_chart(takes: Path, corpus: list[Chart]) -> None:
    files = {path.name.split("_")[0]: load_song(path) for path in takes.iterdir()}
    assert set(files) == {chart.id for chart in corpus}
    for chart in corpus:
        song = files[chart.id]
        assert [(c.start_beats, c.symbol) for c in song.chords] == [
            (c.start_beats, c.symbol) for c in chart.song.chords
        ]
        assert (song.keys, song.sections) == (chart.song.keys, chart.song.sections)
        assert song.meters == chart.song.meters
        assert [t.bpm for t in song.tempos] == pytest.approx([t.bpm for t in chart.song.tempos])
        assert [track.role for track in song.tracks] == ["keys", "bass"]


def test_takes_play_every_chord_within_a_hand(takes: Path) -> None:
    for path in takes.iterdir():
        keys, bass = load_song(path).tracks
        starts: dict[float, list[int]] = defaultdict(list)
        for note in keys.notes:
            starts[note.start_beats].append(note.pitch)
        assert all(3 <= len(set(pitches)) <= 7 for pitches in starts.values()), path.name
        assert all(38 <= note.pitch <= 88 for note in keys.notes), path.name
        assert all(26 <= note.pitch <= 58 for note in bass.notes), path.name
        assert all(note.duration_beats > 0 for note in keys.notes + bass.notes), path.name
        ends = [note.start_beats + note.duration_beats for note in bass.notes]
        following = [note.start_beats for note in bass.notes[1:]]
        assert all(a <= b + 1e-6 for a, b in zip(ends, following, strict=False)), path.name


def test_takes_differ_and_the_same_seed_plays_the_same(tmp_path: Path) -> None:
    charts = tmp_path / "charts.txt"
    charts.write_text(SHORT, encoding="utf-8")
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        play(tmp_path / name, "--charts", str(charts), "--seed", seed, "--takes", "4")
    a, b, c = (
        [path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in "abc"
    )
    assert a == b
    assert len({*a, *c}) == len(a) + len(c)


def test_on_the_grid_every_note_is_where_it_is_written(tmp_path: Path) -> None:
    charts = tmp_path / "charts.txt"
    charts.write_text(SHORT, encoding="utf-8")
    play(tmp_path / "out", "--charts", str(charts), "--grid", "--takes", "4", "--keys-only")
    songs = [load_song(path) for path in (tmp_path / "out").iterdir()]
    assert len(songs) == 8
    for song in songs:
        assert [track.role for track in song.tracks] == ["keys"]
        for note in song.tracks[0].notes:
            assert (note.start_beats * 4) % 1 == pytest.approx(0, abs=0.01)


def test_takes_of_a_chart_are_one_piece_and_no_other(tmp_path: Path, corpus: list[Chart]) -> None:
    charts = tmp_path / "charts.txt"
    charts.write_text(write_charts(corpus[::9]), encoding="utf-8")
    play(tmp_path / "out", "--charts", str(charts))
    paths = sorted((tmp_path / "out").iterdir())
    groups = find_near_duplicates((path.name, load_song(path)) for path in paths)
    assert [{name.split("_")[0] for name in group} for group in groups] == [
        {id} for id in sorted(chart.id for chart in corpus[::9])
    ]
    assert sum(map(len, groups)) == len(paths)
