"""Songs as sequences of tokens and back: schemes, codec, round-trip check, shards."""
