"""The band: keys and bass, the click, and their loudness."""
