"""`muse models`: named weights, where they are, and how they get here."""

import sys
from typing import Annotated

import typer

from muse.cli.options import AsJson

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="See 'muse models list'.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    models = typer.Typer(
        name="models",
        help="Named weights: list them, fetch them, tell where they are.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    models.command("list")(list_models)
    models.command("fetch")(fetch)
    models.command("path")(path)
    app.add_typer(models)


def list_models(as_json: AsJson = False) -> None:
    """List the models: what they give, their size, licence, and whether they are here.

    Example: muse models list --json
    """
    from muse.cli.output import print_json, print_table
    from muse.tools.weights import list_weights, summary

    rows = [summary(status) for status in list_weights()]
    if as_json or not sys.stdout.isatty():
        print_json({"format": "muse.models/1", "models": rows})
        return
    header = ("name", "gives", "size", "licence", "here", "source")
    print_table(
        "",
        header,
        [
            (
                row["name"],
                " ".join(row["stems"]) or row["task"],
                f"{row['size'] / 1e6:.1f} MB",
                row["licence"],
                "yes" if row["present"] else "no",
                row["source"],
            )
            for row in rows
        ],
    )


def fetch(names: Names) -> None:
    """Fetch weights into the user's data folder, and check them by their SHA-256.

    Example: muse models fetch htdemucs
    """
    from muse.cli.progress import bar
    from muse.tools.weights import fetch as fetch_weights
    from muse.tools.weights import find_weights

    for known in [find_weights(name) for name in names]:
        with bar(known.name) as report:
            paths = fetch_weights(known, report)
        print("\n".join(map(str, paths)))


def path(names: Names) -> None:
    """Print where the files of the weights are; fails when they are not here.

    Example: muse models path spleeter
    """
    from muse.tools.weights import find_weights, require

    for name in names:
        print("\n".join(map(str, require(find_weights(name)))))
