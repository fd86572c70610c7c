"""Landed pages: what an API answered, redacted, kept for replay."""
