#!/bin/sh
# mypy does not see the import hook of an editable install of mapped folders: give it links to follow.
# usage: link_rooms.sh PYTHON
set -eu
target=$("$1" -c "import site; print(site.getsitepackages()[0])")/muse
mkdir -p "$target"
ln -sfn "$PWD/cli" "$PWD/tools" "$PWD/models" "$PWD"/api/* "$target/"
