"""The Python API of muse: the commands as functions, with the same parameters.

    import muse

    song = muse.transcribe("song.wav")
    tune = muse.melody(muse.chords(bars=8, key="Eb", seed=7), seed=7)
    muse.save_song(tune, "tune.mid")

Conventions:
    Files are a `str` or a `pathlib.Path`; where a song is expected, a `Song` or a file that
    `load_song` reads. Musical time is in beats (quarter notes), audio time in seconds, pitches are
    MIDI numbers. A function that samples takes a `seed`; without one it draws one, which is then in
    `song.made_by.seed`. Messages go to the logger "muse".
    Errors: `ParameterError` for a parameter out of range, `BadInputError` for a file that cannot be
    read, `MissingPartError` for an optional part that is not installed; all are `MuseError`s.

`import muse` imports nothing else; names are imported from their modules on first use.
"""

TYPE_CHECKING = False  # type checkers take it for true; `typing` costs 10 ms
if TYPE_CHECKING:
    from muse.functions import (
        chords,
        detokenize,
        intervals,
        load_song,
        load_songs,
        melody,
        render,
        save_song,
        separate,
        tokenize,
        transcribe,
    )
    from muse.tools.errors import BadInputError, MissingPartError, MuseError, ParameterError
    from muse.tools.song.document import Chord, Note, Song, Track

__all__ = [
    "BadInputError",
    "Chord",
    "MissingPartError",
    "MuseError",
    "Note",
    "ParameterError",
    "Song",
    "Track",
    "chords",
    "detokenize",
    "intervals",
    "load_song",
    "load_songs",
    "melody",
    "render",
    "save_song",
    "separate",
    "tokenize",
    "transcribe",
]

CLASSES = {
    **dict.fromkeys(("Chord", "Note", "Song", "Track"), "muse.tools.song.document"),
    **dict.fromkeys(
        ("BadInputError", "MissingPartError", "MuseError", "ParameterError"), "muse.tools.errors"
    ),
}


def __getattr__(name: str) -> object:
    """Import a public name from its module on first use."""
    if name not in __all__:
        raise AttributeError(f"module 'muse' has no attribute '{name}'")
    from importlib import import_module

    value: object = getattr(import_module(CLASSES.get(name, "muse.functions")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, those not yet imported included."""
    return sorted({*globals(), *__all__})
