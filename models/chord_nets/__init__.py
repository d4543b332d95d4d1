"""What chord-transformer and chord-lstm share: ids, configs, output heads, numpy inference."""
