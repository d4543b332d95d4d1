"""`muse tokenize`: songs to tokens and back, round-trip checks, statistics and training data."""

from pathlib import Path
from typing import Annotated

import typer

from muse.cli.completion import complete_names
from muse.cli.help_format import Command
from muse.cli.names import SHARD_FORMATS, TOKEN_SCHEMES, TRAINING_FORMS, TRANSPOSITIONS, one_of
from muse.cli.options import OUTPUT, PROCESSING, AsJson, SkipExisting, Text, option

TASK, TOKENS, TRAINING = "Task (default: encode)", "Tokens", "Training data"

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="MIDI files, Song documents, or folders of them; with --for also chord charts and "
        "scores, with --decode token files; '-' for standard input.",
    ),
]
Decode = Annotated[
    bool, option("--decode", panel=TASK, help="Token files in, MIDI files or Songs out.")
]
Check = Annotated[
    bool,
    option(
        "--check",
        panel=TASK,
        help="Round-trip errors of each file; exit code 1 if notes move beyond the grid.",
    ),
]
Stats = Annotated[
    bool, option("--stats", panel=TASK, help="Number of tokens per song, bar, note and second.")
]
Form = Annotated[
    Text,
    option(
        "--for",
        panel=TASK,
        metavar="FORM",
        help=f"Training data of one form: {one_of(TRAINING_FORMS)}.",
        complete=complete_names(*TRAINING_FORMS),
    ),
]
Scheme = Annotated[
    Text,
    option(
        panel=TOKENS,
        metavar="SCHEME",
        default="remi",
        help=f"Token scheme: {one_of(TOKEN_SCHEMES)}.",
        complete=complete_names(*TOKEN_SCHEMES),
    ),
]
Bpe = Annotated[
    int | None,
    option(
        panel=TOKENS,
        metavar="N",
        help="Size of a vocabulary to learn by byte pair encoding; needs --tokenizer.",
    ),
]
TokenizerFile = Annotated[
    Text,
    option(
        "--tokenizer",
        panel=TOKENS,
        metavar="FILE",
        help="Tokenizer file: written with --bpe, read without it.",
    ),
]
Shards = Annotated[
    int | None,
    option(panel=TRAINING, metavar="N", low=1, help="Number of shards to write into folder -o."),
]
ShardFormat = Annotated[
    str,
    option(
        panel=TRAINING,
        metavar="FORMAT",
        help=f"File format of the shards: {one_of(SHARD_FORMATS)}.",
        complete=complete_names(*SHARD_FORMATS),
    ),
]
Window = Annotated[
    int | None,
    option(
        panel=TRAINING,
        metavar="N",
        low=0,
        default="32",
        help="Number of chords or note tokens before the target, with --for chords or notes.",
    ),
]
Bars = Annotated[
    int | None,
    option(
        panel=TRAINING,
        metavar="N",
        low=0,
        default="melody 8, patterns 2",
        help="Number of bars per row, with --for melody or patterns; 0 for the whole song.",
    ),
]
Transpose = Annotated[
    str,
    option(
        panel=TRAINING,
        metavar="KEYS",
        help="Transposition with --for: none, common (to C major or A minor) or all (to all "
        "twelve keys).",
        complete=complete_names(*TRANSPOSITIONS),
    ),
]
SplitSeed = Annotated[
    int,
    option(
        "--seed",
        panel=TRAINING,
        metavar="N",
        help="Random seed of the split into training, validation and test songs.",
    ),
]
Out = Annotated[
    Text,
    option(
        "-o",
        "--out",
        panel=OUTPUT,
        metavar="FILE|DIR",
        default="standard output",
        help="Output: a .json or .jsonl file, or a folder; with --decode a MIDI or Song file.",
    ),
]
Jobs = Annotated[
    int | None,
    option(
        "-j",
        "--jobs",
        panel=PROCESSING,
        metavar="N",
        low=1,
        default="one per 100 inputs, at most one per core",
        help="Number of inputs processed in parallel.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("tokenize", cls=Command, no_args_is_help=True)(tokenize)


def tokenize(
    inputs: Inputs,
    decode: Decode = False,
    check: Check = False,
    stats: Stats = False,
    form: Form = None,
    scheme: Scheme = None,
    bpe: Bpe = None,
    tokenizer: TokenizerFile = None,
    shards: Shards = None,
    shard_format: ShardFormat = "npz",
    window: Window = None,
    bars: Bars = None,
    transpose: Transpose = "none",
    seed: SplitSeed = 0,
    out: Out = None,
    skip_existing: SkipExisting = False,
    as_json: AsJson = False,
    jobs: Jobs = None,
) -> int:
    """Convert MIDI files and Songs to tokens or training data, and tokens to MIDI.

    Each input gives one JSON object on a line of its own, with the hash of the vocabulary;
    --decode refuses tokens of another vocabulary.

    Example: muse tokenize song.mid | muse tokenize --decode - > again.mid
    Example: muse tokenize midi/ --check --scheme tsd
    Example: muse tokenize midi/ --shards 8 -o shards/
    """
    from muse.cli import tokenize_modes as modes
    from muse.tools.tokens.batch import choose_tokenizer
    from muse.tools.tokens.run_options import RunOptions, check_conflicts, check_form_options

    flags = {"--decode": decode, "--check": check, "--stats": stats, "--for": form is not None}
    check_conflicts({**flags, "--bpe": bpe is not None, "--shards": shards is not None}, tokenizer)
    check_form_options(form, {"--window": window, "--bars": bars}, transpose)
    if form is not None:
        options = {"window": window, "transpose": transpose, "bars": bars, "seed": seed}
        return modes.build_form(form, inputs, out, shards is not None, options)
    run = RunOptions(inputs, out, jobs, skip_existing, as_json)
    if decode:
        known = choose_tokenizer(scheme, tokenizer) if tokenizer or scheme else None
        return modes.decode(run, known)
    chosen = choose_tokenizer(scheme, None if bpe else tokenizer)
    if check or stats:
        return (modes.check if check else modes.stats)(run, chosen)
    stored = Path(tokenizer or "")
    if shards is not None:
        return modes.shards(
            run, chosen, modes.ShardRequest(shards, shard_format, seed, bpe, stored)
        )
    if bpe is not None:
        chosen = modes.learn(run, chosen, bpe, stored)
    return modes.encode(run, chosen)
