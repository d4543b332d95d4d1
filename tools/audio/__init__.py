"""Audio: files in and out, rendering, loudness, spectra, pitch and onset features."""
