"""One module for each recipe or fit of `muse train`."""
