"""`python -m muse`, for where the `muse` script is not on the path."""

from muse.cli.main import main

if __name__ == "__main__":
    main()
