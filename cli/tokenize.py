"""`muse tokenize`: music to tokens and back, their check and statistics, and training data."""

from pathlib import Path
from typing import Annotated

import typer

from muse.cli.options import AsJson, SkipExisting

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="MIDI files, Song documents, folders; '-' is stdin. --for reads charts, scores too.",
    ),
]
SCHEME_NAMES = "remi|tsd|midi-like|structured|cpword|octuple|mumidi|mmm|pertok"
FORM_NAMES = "chords|melody|notes|patterns"


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("tokenize", no_args_is_help=True)(tokenize)


def tokenize(
    inputs: Inputs,
    scheme: Annotated[
        str | None, typer.Option(metavar=SCHEME_NAMES, help="How to spell music; remi if not said.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("-o", "--out", metavar="FILE|DIR", help=".jsonl, .json, or a folder."),
    ] = None,
    decode: Annotated[bool, typer.Option("--decode", help="Token files in, MIDI out.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Measure the round trip; exit 1 past the grid.")
    ] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Count tokens per bar, second ...")
    ] = False,
    bpe: Annotated[
        int | None, typer.Option(metavar="N", help="Learn a vocabulary of N tokens first.")
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Tokenizer that --bpe writes, to be read else."),
    ] = None,
    shards: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="N shards into the folder -o.")
    ] = None,
    shard_format: Annotated[
        str, typer.Option(metavar="npz|safetensors", help="Of the shards.")
    ] = "npz",
    form: Annotated[
        str | None, typer.Option("--for", metavar=FORM_NAMES, help="Training data of this form.")
    ] = None,
    window: Annotated[
        int | None, typer.Option(min=0, help="--for: chords or tokens before the target.")
    ] = None,
    transpose: Annotated[
        str, typer.Option(metavar="none|common|all", help="--for: to one key, or to all twelve.")
    ] = "none",
    bars: Annotated[int | None, typer.Option(min=0, help="--for: bars of a row; 0 is all.")] = None,
    seed: Annotated[int, typer.Option(help="Of the split of --shards and --for.")] = 0,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Processes; all cores if not said.")
    ] = None,
    skip_existing: SkipExisting = False,
    as_json: AsJson = False,
) -> int:
    """Turn MIDI files and Songs into tokens, and tokens into MIDI.

    Without -o one JSON object for each input goes to stdout, on a line of its own; each carries the
    hash of the vocabulary, and --decode refuses a file made with another. With --for it is
    training data: rows of chords, melodies, notes or drum patterns.

    Example: muse tokenize song.mid | muse tokenize --decode - > again.mid

    Example: muse tokenize midi/ --check --scheme tsd

    Example: muse tokenize midi/ --shards 8 -o shards/
    """
    from muse.cli import tokenize_modes as modes
    from muse.tools.tokens.batch import choose_tokenizer
    from muse.tools.tokens.run_options import RunOptions, check_conflicts

    flags = {"--decode": decode, "--check": check, "--stats": stats, "--for": form is not None}
    check_conflicts({**flags, "--bpe": bpe is not None, "--shards": shards is not None}, tokenizer)
    if form is not None:
        options = {"window": window, "transpose": transpose, "bars": bars, "seed": seed}
        return modes.build_form(form, inputs, out, shards is not None, options)
    plan = RunOptions(inputs, out, jobs, skip_existing, as_json)
    if decode:
        known = choose_tokenizer(scheme, tokenizer) if tokenizer or scheme else None
        return modes.decode(plan, known)
    chosen = choose_tokenizer(scheme, None if bpe else tokenizer)
    if check or stats:
        return (modes.check if check else modes.stats)(plan, chosen)
    stored = Path(tokenizer or "")
    if shards is not None:
        return modes.shards(plan, chosen, modes.Shards(shards, shard_format, seed, bpe, stored))
    if bpe is not None:
        chosen = modes.learn(plan, chosen, bpe, stored)
    return modes.encode(plan, chosen)
