"""The documentation: links resolve, command pages are fresh, Python examples run."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from typer.main import get_command

from muse.cli.main import app

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^(```+|~~~+).*?^\1\s*$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    text = FENCED.sub("", page.read_text())
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_inside_the_project_resolve(page: Path) -> None:
    for target in LINK.findall(FENCED.sub("", page.read_text())):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), target
        assert not anchor or anchor in headings(path), target


def test_command_pages_are_fresh() -> None:
    program = DOCS / "command_pages.py"
    done = subprocess.run([sys.executable, program, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}run: python {program}"


def test_the_man_page_has_every_command_and_option() -> None:
    page = (DOCS / "commands" / "muse.1").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    installed = project["tool"]["setuptools"]["data-files"]["share/man/man1"]
    assert installed == ["docs/commands/muse.1"]
    sections = dict(re.findall(r"^\.S[SH] (.*)\n((?:(?!\.S[SH]).*\n)*)", page, re.MULTILINE))
    plain = {title: text.replace("\\-", "-") for title, text in sections.items()}
    for path, command in walk((), get_command(app)):
        text = plain[" ".join(("muse", *path)).replace("-", "\\-") if path else "DESCRIPTION"]
        for parameter in command.params:
            assert parameter.opts[-1] in text or parameter.param_type_name == "argument", path
    assert "--max-bytes" in plain["DESCRIPTION"]


@pytest.mark.needs_groff
def test_the_man_page_is_formatted_without_warnings() -> None:
    page = (DOCS / "commands" / "muse.1").read_bytes()
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww"], input=page, capture_output=True, check=True
    )
    assert b"muse transcribe" in done.stdout
    assert done.stderr == b""


def walk(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with the words that call it."""
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from walk((*path, name), each)


def test_python_examples_run(
    example_audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, rate = soundfile.read(example_audio, frames=8 * 44_100)
    soundfile.write(tmp_path / "song.wav", data, rate)
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for block in PYTHON.findall((DOCS / "python.md").read_text()):
        exec(block, namespace)  # one page is one session
    assert (tmp_path / "stems" / "song.json").is_file()
    assert namespace["again"].tracks


CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "recipe", re.split(r"^## ", (DOCS / "cookbook.md").read_text(), flags=re.MULTILINE)[1:]
)
def test_cookbook_runs(recipe: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "paper_lanterns.mid", tmp_path / "song.mid")
    shutil.copy(ROOT / "examples" / "paper_lanterns.ogg", tmp_path / "song.ogg")
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for block in CONSOLE.findall(recipe):
        for line in block.splitlines():
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", line.removeprefix("$ ")],
                cwd=tmp_path,
                env=os.environ | {"PATH": search},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, f"{line}\n{done.stderr}"
