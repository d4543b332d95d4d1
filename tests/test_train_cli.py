"""`muse train` on the command line: streams, exit codes, real signals, several processes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training_recipe import NAME, TELL_AT, Numbers, terminate, write_songs

ROOT = Path(__file__).parent.parent
SEED = ("--seed", 11)
WAIT_S = 120  # for a process, on a machine that is busy


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_songs(tmp_path_factory.mktemp("songs"))


def start(*words: object, **environment: str) -> subprocess.Popen[str]:
    """Start muse in a process of its own."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-m", "muse.cli", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"} | environment,
    )


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the results that must not depend on an interruption."""
    names = ("checkpoints/best.safetensors", "checkpoints/last.safetensors")
    names += ("stats/training_history.json", "stats/evaluation_results.json")
    return {name: (folder / name).read_bytes() for name in names}


def test_results_on_stdout_messages_on_stderr(muse: Callable, songs: Path, tmp_path: Path) -> None:
    done = muse(
        "train", NAME, "--data", songs, "--out", tmp_path / "r", "--export", tmp_path / "w", *SEED
    )
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert summary["format"] == "muse.training/1"
    assert 0 < summary["results"]["test"]["top1"] <= 1
    assert all(Path(path).is_file() for path in summary["exported"])
    first, *epochs = done.err.splitlines()
    assert first == f"muse: training {NAME} in {summary['run']}, seed 11"
    assert [line[:14] for line in epochs] == [f"muse: epoch {n}:" for n in (1, 2, 3)]


def test_dry_run(muse: Callable, songs: Path, tmp_path: Path) -> None:
    done = muse("train", NAME, "--data", songs, "--out", tmp_path / "runs", "--dry-run")
    assert done.code == 0, done.err
    assert json.loads(done.out)["batches_per_epoch"] == 18
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("hans",), 2, "no recipe is called hans"),
        ((NAME,), 2, "name them with --data"),
        ((NAME, "--data", "nowhere"), 4, "nowhere: no such file or folder"),
        ((NAME, "--data", ROOT / "models"), 4, "no .txt file in it"),
        ((NAME, "--data", ROOT, "--epochs", 0), 2, "--epochs must be 1 or more"),
        (
            (NAME, "--data", ROOT, "--precision", "8"),
            2,
            "--precision must be one of 32, bf16, not '8'",
        ),
        (
            (NAME, "--data", ROOT, "--device", "tpu"),
            2,
            "--device must be one of auto, cpu, cuda, mps, not 'tpu'",
        ),
        ((NAME, "--data", ROOT, "--set", "depth=3"), 2, "has no setting depth"),
        ((NAME, "--resume", ROOT), 4, "is not the folder of a training run"),
        ((NAME, "--config", "nowhere.toml"), 4, "nowhere.toml: No such file"),
    ],
)
def test_errors_are_one_line(
    muse: Callable, words: tuple[object, ...], code: int, message: str
) -> None:
    done = muse("train", *words)
    assert (done.code, done.out) == (code, b"")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_sigterm_and_resume(muse: Callable, songs: Path, tmp_path: Path) -> None:
    """A process is stopped by SIGTERM while it trains; this one resumes its run."""
    words = ("train", NAME, "--data", songs, "--epochs", 40, "--set", "width=16", *SEED)
    process = start(*words, "--out", tmp_path / "a", **{TELL_AT: "100"})
    assert process.stderr
    assert process.stderr.readline().startswith("muse: training")
    process.stderr.readline()  # the recipe reports that it trains
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=WAIT_S)
    (run,) = (tmp_path / "a").iterdir()
    assert not (run / "stats/evaluation_results.json").exists()
    assert (process.returncode, out) == (130, ""), err
    *_, last = err.splitlines()
    assert last == f"muse: training stopped; resume with: muse train {NAME} --resume {run}"
    resumed = muse("train", NAME, "--resume", run)
    assert resumed.code == 0, resumed.err
    whole = json.loads(muse(*words, "--out", tmp_path / "b").out)
    assert files_of(run) == files_of(Path(whole["run"]))
    assert json.loads(resumed.out)["results"] == whole["results"]


def test_waiting_for_another_node_is_said_and_ends_with_a_signal(
    songs: Path, tmp_path: Path
) -> None:
    process = start(
        "train", NAME, "--data", songs, "--nodes", 2, "--device", "cpu", "--out", tmp_path
    )
    assert process.stderr
    lines = iter(process.stderr.readline, "")
    assert any("waits up to 300 s for all 2 nodes, at 127.0.0.1:" in line for line in lines)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=WAIT_S)
    assert (process.returncode, err) == (130, "muse: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_stopped_here(muse: Callable, songs: Path, tmp_path: Path) -> None:
    Numbers.on_outcome = terminate(5)
    try:
        done = muse("train", NAME, "--data", songs, "--out", tmp_path, "--quiet")
    finally:
        Numbers.on_outcome = None
    (run,) = tmp_path.iterdir()
    assert (done.code, done.out) == (130, b"")
    assert done.err == f"muse: training stopped; resume with: muse train {NAME} --resume {run}\n"


@pytest.mark.slow
def test_two_processes_train_together(songs: Path, tmp_path: Path) -> None:
    process = start(
        "train", NAME, "--data", songs, "--out", tmp_path, "--devices", 2, "--device", "cpu"
    )
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, err
    (run,) = tmp_path.iterdir()
    summary = json.loads(out)
    assert summary["run"] == str(run)
    assert summary["results"]["steps"] == 3 * 9
    assert summary["results"]["test"]["top1"] > 1 / 7
