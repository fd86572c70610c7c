"""Parquet files as rows; the reader's package is imported only when there is such a file."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping
from typing import IO, Any

import msgspec

from include.errors import InvalidSettings

BATCH_ROWS = 5_000
_encode = msgspec.json.Encoder(decimal_format="number").encode


def read_parquet_names(file: IO[bytes], name: str) -> list[str]:
    """Return the names of a file's columns."""
    return list(_open(file, name).schema_arrow.names)


def read_parquet(file: IO[bytes], name: str) -> Iterator[str]:
    """Yield the rows of a file as JSON lines, lists and maps nested, integers exact.

    Raise `InvalidSettings` when pyarrow is not installed, ValueError when it is no Parquet file.
    """
    parquet = _open(file, name)
    for batch in parquet.iter_batches(batch_size=BATCH_ROWS):
        for row in batch.to_pylist():
            yield _encode(_plain(row)).decode() + "\n"


def _open(file: IO[bytes], name: str) -> Any:
    try:
        pyarrow = importlib.import_module("pyarrow")
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise InvalidSettings(
            f"{name} is a Parquet file, and the package pyarrow is not installed; install it, or "
            "send JSON lines or CSV"
        ) from None
    try:
        return parquet.ParquetFile(file)
    except pyarrow.ArrowInvalid:
        raise ValueError("it is no complete Parquet file") from None


def _plain(value: Any) -> Any:
    """Return a value as JSON can say it: NaN is a gap, a map a list of its pairs."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
