"""`muse models`: the weights of models, where they are, and how to fetch them."""

import sys
from typing import Annotated

import typer

from muse.cli.completion import complete_weights
from muse.cli.help_format import Command, Group
from muse.cli.options import AsJson

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="Names of models, as 'muse models list' shows them.",
        autocompletion=complete_weights,
    ),
]

group = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the group of commands to the app."""
    app.add_typer(group, name="models")


@group.callback()
def models() -> None:
    """List, fetch and locate the weights of models.

    Weights come with muse, with a package, or from the network with 'muse models fetch'.

    Example: muse models list
    Example: muse models path spleeter
    """


@group.command("list", cls=Command)
def list_models(as_json: AsJson = False) -> None:
    """List the models with their task, size, license and source, and whether they are here.

    Example: muse models list --json
    """
    from muse.cli.output import print_json, print_table
    from muse.tools.weights import list_weights, summary

    rows = [summary(status) for status in list_weights()]
    if as_json or not sys.stdout.isatty():
        print_json({"format": "muse.models/1", "models": rows})
        return
    header = ("name", "stems or task", "size", "license", "here", "source")
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


@group.command("fetch", cls=Command)
def fetch(names: Names) -> None:
    """Download weights into the user's data folder, and check their SHA-256.

    The paths of the files are printed.

    Example: muse models fetch htdemucs
    """
    from muse.cli.progress import progress_bar
    from muse.tools.weights import fetch as fetch_weights
    from muse.tools.weights import find_weights

    for weights in [find_weights(name) for name in names]:
        with progress_bar(weights.name) as report:
            paths = fetch_weights(weights, report)
        print("\n".join(map(str, paths)))


@group.command("path", cls=Command)
def path(names: Names) -> None:
    """Print the paths of a model's weights; exit code 3 if they are not here.

    Example: muse models path spleeter
    """
    from muse.tools.weights import find_weights, require

    for name in names:
        print("\n".join(map(str, require(find_weights(name)))))
