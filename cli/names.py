"""Names that options take, for help texts and shell completion; importing them costs nothing.

Each repeats a table of muse.tools or muse.models, which are too slow to import for a help text.
`tests/test_names.py` holds the two equal.
"""

from collections.abc import Sequence

STYLES = ("pop", "soul", "rock", "jazz", "neo-soul")
MODES = ("major", "minor")
CADENCES = ("full", "half", "plagal", "open")
VOICINGS = ("closed", "open", "drop-2", "rootless", "neo-soul")
CHORD_MODELS = ("auto", "transformer", "lstm", "ngram")
NOTE_MODELS = ("note-lstm",)  # nets over notes, for `muse chords` alone
MELODY_MODELS = ("melody-xl",)

# common values, for completion only; others are accepted too
MAJOR_KEYS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
MINOR_KEYS = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
KEYS = (*MAJOR_KEYS, *MINOR_KEYS)
METERS = ("4/4", "3/4", "2/4", "2/2", "6/8", "9/8", "12/8", "5/8", "7/8")
GRIDS = ("1/4", "1/8", "1/8t", "1/16", "1/16t", "1/32")

SEPARATION_MODELS = ("spleeter", "htdemucs", "htdemucs_ft", "htdemucs_6s", "hdemucs_mmi")
STEMS = ("vocals", "drums", "bass", "other", "guitar", "piano")
TRANSCRIPTION_ENGINES = ("auto", "note-net", "basic-pitch")
ROLES = ("lead", "vocals", "keys", "guitar", "bass", "drums", "pad", "other")

AUDIO_FORMATS = ("wav", "flac", "ogg", "mp3")
SAMPLE_FORMATS = ("16", "24", "32f")
DEVICES = ("auto", "cpu", "cuda", "mps")
NET_PRECISIONS = ("auto", "float32", "bfloat16")

TOKEN_SCHEMES = (
    "remi",
    "tsd",
    "midi-like",
    "structured",
    "cpword",
    "octuple",
    "mumidi",
    "mmm",
    "pertok",
)
TRAINING_FORMS = ("chords", "melody", "notes", "patterns")
TRANSPOSITIONS = ("none", "common", "all")
SHARD_FORMATS = ("npz", "safetensors")

RECIPES = (
    "chord-finder",
    "chord-lstm",
    "chord-ngram",
    "chord-transformer",
    "drum-net",
    "interval-hypotheses",
    "interval-net",
    "intervals",
    "jam-mix",
    "jam-tempo",
    "melody-fit",
    "melody-realism",
    "melody-xl",
    "note-lstm",
    "note-net",
    "role-net",
)
SCHEDULES = ("cosine", "constant")
TRAINING_PRECISIONS = ("32", "bf16")

DIRECTIONS = ("ascending", "descending", "together")
SYNTH_TIMBRES = ("sine", "saw", "fm", "pluck")
TIMBRES = (*SYNTH_TIMBRES, "gm", "gm:train", "gm:validation", "gm:test")
NOISES = ("white", "pink")


def one_of(names: Sequence[str]) -> str:
    """Return names as a phrase: 'a, b or c'."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
