"""`muse schema`: the JSON Schema of the Song document."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("schema")(schema)


def schema() -> None:
    """Print the JSON Schema of the Song document.

    Example: muse schema > song.schema.json
    """
    import json

    from muse.tools.song.document import song_schema

    print(json.dumps(song_schema(), indent=2))
