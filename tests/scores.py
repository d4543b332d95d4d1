"""Scores for hypothesis: unusual meters, changes at any time, overlaps, empty tracks."""

from hypothesis import strategies as st
from symusic.core import NoteTick, ScoreTick, TempoTick, TimeSignatureTick, TrackTick

RESOLUTIONS = (1, 24, 96, 480, 1000, 20_000)  # ticks per quarter note
METERS = (
    *((4, 4), (3, 4), (5, 4), (7, 8), (11, 8), (12, 8), (2, 2), (6, 8), (15, 16), (1, 16), (6, 2)),
    *((17, 16), (4, 1), (3, 32)),  # none of these is in a vocabulary
)
LENGTHS = (0.0, 0.01, 0.25, 1 / 3, 0.5, 1.0, 2.0, 7.9, 13.37, 40.0, 70.0)  # quarter notes
SPAN = 60.0  # quarter notes


def beats() -> st.SearchStrategy[float]:
    """Draw times on and off the grid, in quarter notes."""
    on_grid = st.integers(0, int(SPAN * 4)).map(lambda n: n / 4)
    return st.one_of(on_grid, st.floats(0, SPAN, allow_nan=False))


@st.composite
def notes(draw: st.DrawFn, ticks: int, pitches: tuple[int, ...]) -> list[NoteTick]:
    """Draw notes of few pitches, so that they overlap."""
    rows = draw(
        st.lists(
            st.tuples(
                beats(),
                st.one_of(st.sampled_from(LENGTHS), st.floats(0, 5)),
                st.sampled_from(pitches),
                st.integers(1, 127),
            ),
            max_size=12,
        )
    )
    return [NoteTick(round(b * ticks), round(d * ticks), p, v) for b, d, p, v in rows]


@st.composite
def scores(draw: st.DrawFn) -> ScoreTick:
    """Draw a score of up to four tracks."""
    ticks = draw(st.sampled_from(RESOLUTIONS))
    score = ScoreTick(ticks)
    for beat, (upper, lower) in draw(
        st.lists(st.tuples(beats(), st.sampled_from(METERS)), max_size=5)
    ):
        score.time_signatures.append(TimeSignatureTick(round(beat * ticks), upper, lower))
    for beat, bpm in draw(st.lists(st.tuples(beats(), st.floats(10, 400)), max_size=5)):
        score.tempos.append(TempoTick(round(beat * ticks), mspq=round(6e7 / bpm)))
    for _ in range(draw(st.integers(0, 4))):
        program = draw(st.sampled_from((0, 33, 127)))
        track = TrackTick("", program, draw(st.booleans()))
        for note in draw(notes(ticks, draw(st.sampled_from(((60,), (0, 60, 127), (36, 42)))))):
            track.notes.append(note)
        track.notes.sort(inplace=True)
        score.tracks.append(track)
    score.time_signatures.sort(inplace=True)
    score.tempos.sort(inplace=True)
    return score
