#!/bin/sh
# Build the wheel, install it in an empty venv, and run the commands from outside the checkout, without PyTorch.
# usage: wheel_test.sh PYTHON SONG
set -eu
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/.venv/bin/python" -m build --wheel --outdir "$work" "$root" >/dev/null
"$1" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet -c "$root/constraints.txt" "$work"/*.whl
cd "$work"
for package in torch scipy numba librosa; do
    if venv/bin/python -c "import $package" 2>/dev/null; then
        echo "a plain install has $package" >&2
        exit 1
    fi
done
du -sh venv
venv/bin/muse --version
venv/bin/muse transcribe "$root/$2" --json --no-stems -o out >song.json
cat song.json | venv/bin/muse render - -o back.wav
venv/bin/muse tokenize song.json | venv/bin/muse tokenize --decode - >again.mid
venv/bin/muse view again.mid --find --chart
venv/bin/muse view song.json -o roll.png
venv/bin/muse chords --bars 2 --seed 1 | venv/bin/muse melody --seed 1 -o tune.mid
venv/bin/muse jam --in tune.mid --track Melody --out take.mid --seed 1
venv/bin/muse render tune.mid -o tune.wav
venv/bin/muse intervals tune.wav
venv/bin/muse separate tune.wav -o stems/
ls -l out back.wav roll.png take.mid
echo "wheel ok"
