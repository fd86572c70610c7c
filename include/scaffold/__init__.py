"""Start a new source from the pattern: `make new-source NAME=pinterest`."""
