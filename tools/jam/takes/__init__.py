"""Takes: sessions as they are recorded, read, played again and compared."""
