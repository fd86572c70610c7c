"""HTTP for connectors: sessions, retries, redaction, safe addresses, decoding."""
