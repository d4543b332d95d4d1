#!/bin/sh
# Build the wheel, install it in an empty venv, and run the version and one pipeline from outside the checkout.
# usage: wheel_test.sh PYTHON SONG
set -eu
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/.venv/bin/python" -m build --wheel --outdir "$work" "$root" >/dev/null
"$1" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet -c "$root/constraints.txt" "$work"/*.whl
cd "$work"
venv/bin/muse --version
venv/bin/muse transcribe "$root/$2" --json --no-stems -o out >song.json
cat song.json | venv/bin/muse render - -o back.wav
venv/bin/muse tokenize song.json | venv/bin/muse tokenize --decode - >again.mid
venv/bin/muse view again.mid --find --chart
venv/bin/muse view song.json -o roll.png
ls -l out back.wav roll.png
echo "wheel ok"
