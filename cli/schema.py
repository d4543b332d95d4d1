"""`muse schema`: the JSON Schema of the Song document."""

import typer

from muse.cli.help_format import Command


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("schema", cls=Command)(schema)


def schema() -> None:
    """Print the JSON Schema of the Song document.

    A Song is the JSON that all commands read and write: notes, chords, keys, tempos and meters.

    Example: muse schema > song.schema.json
    """
    import json

    from muse.tools.song.document import song_schema

    print(json.dumps(song_schema(), indent=2))
