"""The path summary: distinct journeys and how often each ended in an order or in nothing.

It is what every computation of this package starts from. A path is a sequence of channels (creators
and other channels) in time order; an empty path is an order nobody was seen to bring.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import fsum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class PathSummary:
    """Weighted paths as flat arrays: c channels, p rows, n steps in all.

    channels: c names, sorted. steps: (n,) channel of each step, the rows' steps one after another.
    offsets: (p + 1,) row i has the steps offsets[i] to offsets[i + 1]. conversions, nulls: (p,) how
    often the path ended in an order and in nothing, >= 0. values, value_squares: (p,) sum of the
    orders' money and of its square, in one currency. A row need not be distinct: splitting one into
    several that add up to it changes no result.
    """

    channels: tuple[str, ...]
    steps: Indices
    offsets: Indices
    conversions: Floats
    nulls: Floats
    values: Floats
    value_squares: Floats

    @classmethod
    def of(
        cls,
        paths: Sequence[Sequence[str]],
        conversions: ArrayLike,
        nulls: ArrayLike | None = None,
        values: ArrayLike | None = None,
        value_squares: ArrayLike | None = None,
    ) -> PathSummary:
        """Build a summary from one sequence of channel names per row; left-out columns are 0.

        Raise ValueError naming the column and row when a count is negative or not a number, or when
        a column has another length than `paths`.
        """
        lengths = np.fromiter(map(len, paths), np.intp, len(paths))
        names = list(dict.fromkeys(chain.from_iterable(paths)))
        index = {name: position for position, name in enumerate(names)}
        steps = map(index.__getitem__, chain.from_iterable(paths))
        codes = np.fromiter(steps, np.intp, int(lengths.sum()))
        return cls._of_codes(codes, names, lengths, (conversions, nulls, values, value_squares))

    @classmethod
    def of_texts(
        cls,
        texts: Sequence[str],
        separator: str,
        conversions: ArrayLike,
        nulls: ArrayLike | None = None,
        values: ArrayLike | None = None,
        value_squares: ArrayLike | None = None,
    ) -> PathSummary:
        """Build a summary from paths written as `a<separator>b`; an empty text is an empty path.

        A million paths take a fifth of a second. Errors as in `of`, and for an empty name.
        """
        if not separator:
            raise ValueError("the separator of paths is empty; give the text between two channels")
        codes, names, lengths = _split_texts(texts, separator)
        return cls._of_codes(codes, names, lengths, (conversions, nulls, values, value_squares))

    @classmethod
    def _of_codes(
        cls,
        codes: Indices,
        names: Sequence[str],
        lengths: Indices,
        columns: Iterable[ArrayLike | None],
    ) -> PathSummary:
        """Number the channels by name, so that the order of rows decides nothing."""
        channels = tuple(sorted(names))
        index = {name: position for position, name in enumerate(channels)}
        position = np.fromiter((index[name] for name in names), np.intp, len(names))
        if "" in index:
            step = int(np.argmax(codes == list(names).index("")))
            row = int(np.searchsorted(np.cumsum(lengths), step, side="right"))
            raise ValueError(f"the path of row {row} holds an empty channel name; allowed: a text")
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp)
        labels = ("conversions", "nulls", "values", "value_squares")
        checked = [
            _check_column(label, column, lengths.size)
            for label, column in zip(labels, columns, strict=True)
        ]
        return cls(channels, position[codes], offsets, *checked)

    @property
    def lengths(self) -> Indices:
        """Steps per row, (p,)."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> Indices:
        """The row each step belongs to, (n,)."""
        return np.repeat(np.arange(self.lengths.size), self.lengths)

    @property
    def weights(self) -> Floats:
        """How often each row was walked, (p,); 0 for empty paths, which no chain holds."""
        return np.where(self.lengths > 0, self.conversions + self.nulls, 0.0)

    @property
    def has_nulls(self) -> bool:
        """Say whether any non-empty path ended in nothing."""
        return bool((self.nulls[self.lengths > 0] > 0).any())

    def attributed(self, column: Floats) -> float:
        """Sum a column over non-empty paths, exactly rounded whatever the order of rows."""
        return _exact_sum(column[self.lengths > 0])

    def unattributed(self, column: Floats) -> float:
        """Sum a column over empty paths: orders that no channel may claim in any model."""
        return _exact_sum(column[self.lengths == 0])

    def distinct(self) -> PathSummary:
        """Return the summary with one row per path, in an order that its rows' order cannot change.

        Shorter paths come first, then by their channels; empty paths become one row.
        """
        row_of = np.empty(self.lengths.size, np.intp)
        order: list[Indices] = []
        for length in np.unique(self.lengths):
            rows = np.flatnonzero(self.lengths == length)
            steps = self.steps[self.offsets[rows][:, None] + np.arange(length)]
            found, position = np.unique(steps, axis=0, return_inverse=True)
            row_of[rows] = len(order) + position.ravel()
            order += list(found)
        columns = (self.conversions, self.nulls, self.values, self.value_squares)
        summed = [np.bincount(row_of, column, len(order)).astype(np.float64) for column in columns]
        offsets = np.concatenate([[0], np.cumsum([len(path) for path in order])]).astype(np.intp)
        steps = np.concatenate([np.empty(0, np.intp), *order]).astype(np.intp)
        return PathSummary(self.channels, steps, offsets, *summed)


def _split_texts(texts: Sequence[str], separator: str) -> tuple[Indices, list[str], Indices]:
    """Return codes of all steps, the names the codes stand for, and steps per text."""
    import pyarrow as pa  # type: ignore[import-untyped]  # published without types
    import pyarrow.compute as pc  # type: ignore[import-untyped]  # same

    array = pa.array(texts, pa.large_string())
    found = pc.split_pattern(array, separator)
    encoded = found.flatten().dictionary_encode()
    codes, names = encoded.indices.to_numpy().astype(np.intp), encoded.dictionary.to_pylist()
    lengths = np.diff(found.offsets.to_numpy()).astype(np.intp)
    is_empty = pc.equal(array, "").to_numpy(zero_copy_only=False)
    if is_empty.any():
        # An empty text splits into one empty name; it is a path without steps.
        codes = codes[~np.repeat(is_empty, lengths)]
        lengths[is_empty] = 0
        used, codes = np.unique(codes, return_inverse=True)
        names = [names[code] for code in used]
    return codes, names, lengths


def _exact_sum(column: Floats) -> float:
    return fsum(column.tolist())


def _check_column(label: str, column: ArrayLike | None, size: int) -> Floats:
    """Return a column as floats; only money may be negative."""
    if column is None:
        return np.zeros(size)
    found = np.asarray(column, dtype=np.float64)
    if found.shape != (size,):
        raise ValueError(
            f"{label} has shape {found.shape}; allowed: one number per path, ({size},)"
        )
    is_wrong = ~np.isfinite(found) if label == "values" else ~(np.isfinite(found) & (found >= 0))
    if is_wrong.any():
        row = int(np.flatnonzero(is_wrong)[0])
        allowed = "a finite number" if label == "values" else "a finite number >= 0"
        raise ValueError(f"{label} of row {row} is {found[row]}; allowed: {allowed}")
    return found
