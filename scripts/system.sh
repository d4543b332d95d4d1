#!/bin/sh
# What pip cannot bring: libfluidsynth (rendering), ffmpeg (formats libsndfile does not read) and, where apt has it,
# jackd2 (the tests of live MIDI run a server of their own).
# Installs them where that needs no password, else says how. Never fails: without them muse still transcribes.
if command -v apt-get >/dev/null; then
    missing=""
    ldconfig -p 2>/dev/null | grep -q libfluidsynth || missing="libfluidsynth3"
    command -v ffmpeg >/dev/null || missing="$missing ffmpeg"
    command -v jackd >/dev/null || missing="$missing jackd2"
    [ -z "$missing" ] && exit 0
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo -n"
    apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq" # jackd2 would ask about real-time priority
    echo "installing: $missing"
    # shellcheck disable=SC2086 # word splitting is wanted
    { $apt update && $apt install -y --no-install-recommends $missing; } >/dev/null 2>&1 ||
        echo "could not install them; run: sudo apt-get install$missing" >&2
elif command -v brew >/dev/null; then
    for formula in fluid-synth ffmpeg; do
        brew list "$formula" >/dev/null 2>&1 || brew install --quiet "$formula" ||
            echo "could not install it; run: brew install $formula" >&2
    done
else
    echo "install FluidSynth and ffmpeg with your package manager for 'muse render' and rarer audio formats" >&2
fi
exit 0
