"""Several inputs: a failure is reported and does not stop the others."""

from pathlib import Path

import pytest

from muse.cli.batch import run_batch
from muse.cli.exit_codes import ExitCode
from muse.tools.errors import BadInputError, MissingPartError, MuseError

INPUTS = [f"{number}.wav" for number in range(10)]


def work(name: str) -> str:
    """Process an input; the fourth cannot be read."""
    if name == "4.wav":
        raise BadInputError(f"{name}: not audio")
    return name.upper()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bad_input_does_not_stop_the_others(
    jobs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[tuple[str, str]] = []
    code = run_batch(INPUTS, work, lambda name, result: shown.append((name, result)), jobs=jobs)
    assert code == ExitCode.FAILED
    assert shown == [(name, name.upper()) for name in INPUTS if name != "4.wav"]
    assert capsys.readouterr().err == "muse: 4.wav: not audio\n"


def test_no_failure_is_ok() -> None:
    assert run_batch(["a", "b"], str.upper, lambda _name, _result: None) == ExitCode.OK


def test_one_input_gives_its_own_code() -> None:
    assert run_batch(["4.wav"], work, print) == ExitCode.BAD_INPUT


def test_a_missing_part_is_reported_once(capsys: pytest.CaptureFixture[str]) -> None:
    def ask(_name: str) -> None:
        raise MissingPartError("run: pip install demucs")

    assert run_batch(INPUTS, ask, print) == ExitCode.MISSING_PART
    assert capsys.readouterr().err.count("pip install") == 1


def test_a_failure_of_one_input_gives_its_code() -> None:
    def fail(_name: str) -> None:
        raise MuseError("no")

    assert run_batch(["a"], fail, print) == ExitCode.FAILED


def test_ctrl_c_is_not_a_bad_input(tmp_path: Path) -> None:
    def stop(_name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_batch(INPUTS, stop, print)
