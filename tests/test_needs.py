"""What tests need of the machine is stated by markers, and nothing else is looked for."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import FIXTURES, NEEDS, ROOT

TESTS = sorted((ROOT / "tests").glob("*.py"))
OWN = {"conftest.py", "needs.py", "test_needs.py"}
# ways to skip a test, or to look for something installed, without a marker
UNMARKED = re.compile(r"skipif|pytest\.skip\(|importorskip|shutil\.which\(|find_library|/usr/share")

EXAMPLE = """
import pytest

@pytest.mark.needs_ffmpeg
def test_one(): pass

@pytest.mark.needs_ffmpeg
def test_two(): pass

def test_three(): pass
"""


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_needs_are_stated_by_markers_only(path: Path) -> None:
    found = UNMARKED.search(path.read_text())
    assert path.name in OWN or found is None, found


def test_every_need_is_described_and_used() -> None:
    text = "".join(path.read_text() for path in TESTS if path.name not in OWN)
    markers = {need.marker for need in NEEDS}
    assert len(markers) == len(NEEDS)
    assert set(FIXTURES.values()) <= markers
    unused = {marker for marker in markers if f"pytest.mark.{marker}" not in text}
    assert unused <= set(FIXTURES.values())


def test_a_run_says_how_many_tests_were_skipped_for_each_need(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(EXAMPLE)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--strict-markers", str(tmp_path)],
        env={**os.environ, "PATH": "", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed, 2 skipped" in done.stdout
    assert "skipped tests by need" in done.stdout
    assert re.search(r"^ +2 needs_ffmpeg$", done.stdout, re.MULTILINE)
