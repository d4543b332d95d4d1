"""The scheme `mumidi`: bars, positions, programs and notes, each with bar, position and tempo.

A word is bar, position, program or pitch; number of the bar; position; tempo; and for notes
velocity and duration.

Source: Ren et al. 2020, "PopMAG: Pop Music Accompaniment Generation".
"""

from bisect import bisect_right
from functools import partial

from muse.tools.tokens.compound_decoder import Word, decode_words
from muse.tools.tokens.compound_encoder import PAST_LAST_BAR, WordIds, note_values
from muse.tools.tokens.decoder_state import DecoderState
from muse.tools.tokens.grid import Grid
from muse.tools.tokens.scheme import NO_LONG_NOTES, ONE_TRACK_PER_PROGRAM, Scheme
from muse.tools.tokens.stream_decoder import STEPS
from muse.tools.tokens.stream_encoder import program_index
from muse.tools.tokens.token_types import DRUMS, MAX_BARS, STEPS_PER_BEAT
from muse.tools.tokens.vocabulary import fields_of

QUARTER_BAR = 4 * STEPS_PER_BEAT  # steps of a bar, which is always 4/4
CONTEXT_SIZE = 4  # ids of a word that is not a note


def encode_mumidi(grid: Grid) -> list[WordIds]:
    """Return the words of a grid: bars, positions, programs and notes."""
    fields = fields_of(grid.scheme)
    first = fields[0].first
    number_first, place_first = fields[1].first["BarPosEnc"], fields[2].first["PositionPosEnc"]
    tempo_first = fields[3].first["Tempo"]
    velocity_first, duration_first = fields[4].first["Velocity"], fields[5].first["Duration"]
    tempo_ticks = [tick for tick, _ in grid.tempos]
    words: list[WordIds] = []
    bar, previous, lost = -1, (-1, -1), 0
    notes = sorted(note_values(grid), key=lambda note: (note[0], (note[4] + 1) % 129))
    for tick, pitch, velocity, duration, program in notes:
        tempo = tempo_first + grid.tempos[bisect_right(tempo_ticks, tick) - 1][1]
        number, place = divmod(tick, QUARTER_BAR)
        if number >= MAX_BARS:
            lost += 1
            continue
        while bar < number:
            bar += 1
            words.append([first["Bar"], number_first + bar, place_first, tempo])
        context = [number_first + bar, place_first + 1 + place, tempo]
        if tick != previous[0]:
            words.append([first["Position"] + place, *context])
        if (tick, program) != previous:
            words.append([first["Program"] + program, *context])
        previous = (tick, program)
        kind = "PitchDrum" if program == program_index(DRUMS) else "Pitch"
        sound = [velocity_first + velocity, duration_first + duration]
        words.append([first[kind] + pitch, *context, *sound])
    if lost:
        grid.losses[PAST_LAST_BAR] = lost
    return words


def decode_mumidi(words: list[Word], state: DecoderState) -> None:
    """Add the music of words to the state."""
    program, tempo = 0, -1
    for word in words:
        kind, value = word[0]
        if kind == "Bar":
            state.next_bar()
            continue
        if kind == "Position":
            state.go_to_step(value)
        elif kind == "Program":
            program = value
        elif kind in ("Pitch", "PitchDrum"):
            drums = kind == "PitchDrum"
            decode_note(word, program_index(DRUMS) if drums else program, state)
        else:
            state.count_repair("stray token")
        if word[3][0] == "Tempo" and word[3][1] != tempo:
            state.set_tempo(word[3][1], None if state.tempos else 0)
            tempo = word[3][1]


def decode_note(word: Word, program: int, state: DecoderState) -> None:
    """Add the note of a word to the state."""
    if tuple(kind for kind, _ in word[CONTEXT_SIZE:]) != ("Velocity", "Duration"):
        state.count_repair("incomplete note")
        return
    velocity, duration = (value for _, value in word[CONTEXT_SIZE:])
    length = STEPS[duration] * state.section.step
    state.add_note(program, word[0][1], velocity, length, state.tick, None)


SCHEME = Scheme(
    name="mumidi",
    miditok="MuMIDI",
    fields=(
        ("Pitch", "PitchDrum", "Bar", "QuarterPosition", "Program"),
        ("BarPosEnc",),
        ("PositionPosEnc",),
        ("Tempo",),
        ("Velocity",),
        ("Duration",),
    ),
    features=frozenset({"tempo", "overlaps"}),
    ticks_per_beat=12,
    max_bars=MAX_BARS,
    lost={
        **ONE_TRACK_PER_PROGRAM,
        "meter": "all bars are 4/4",
        **NO_LONG_NOTES,
        "notes past bar 1024": "bars are numbered",
        "tempo between notes": "written at notes only",
    },
    extra={"max_bar_embedding": MAX_BARS, "drums_pitch_range": (0, 127)},
    short_word=CONTEXT_SIZE,
    encode=encode_mumidi,
    decode=partial(decode_words, decode_mumidi),
)
