"""Split money to the cent: floor the absolute share, hand out what is missing, restore the sign.

Missing cents go to the largest remainders, ties to the earlier share (Hamilton's method; Balinski &
Young, Fair Representation, 1982, chapter 4). The SQL models cut an order's money the same way.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

CENT = Decimal("0.01")
# What a float keeps: below this many digits two remainders that ought to tie differ by noise.
_DIGITS = 14
_SCALE = 10**15


def split_cents(total: int, shares: ArrayLike) -> NDArray[np.int64]:
    """Split whole cents by shares that sum to 1 (or are all 0); the parts sum to `total`.

    total: cents, of either sign, below 10^15. shares: (k,) each >= 0. Returns (k,) cents; all 0
    when every share is 0, as nobody may take the money then. Raise ValueError otherwise.
    """
    parts = np.asarray(shares, dtype=np.float64)
    if (parts < 0).any() or not np.isfinite(parts).all():
        raise ValueError(f"shares must be >= 0, not {parts.min()}")
    if abs(total) >= 10**15:
        raise ValueError(f"{total} cents are more than a float can split; allowed: below 10^15")
    whole = float(parts.sum())
    if whole == 0:
        return np.zeros(parts.size, dtype=np.int64)
    if abs(whole - 1.0) > 1e-9:
        raise ValueError(f"shares sum to {whole}; allowed: 1, or all 0")
    size = abs(total)
    # Whole numbers from here on: however large the total, the floors never exceed it.
    scaled = [round(part / whole * _SCALE) for part in parts.tolist()]
    quotas = [divmod(size * part, sum(scaled)) for part in scaled]
    floors = np.array([floor for floor, _ in quotas], dtype=np.int64)
    digits = max(_DIGITS - len(str(size)), 1)
    remainders = np.round([rest / sum(scaled) for _, rest in quotas], digits)
    # A stable sort keeps the earlier of two equal remainders in front.
    order = np.argsort(-remainders, kind="stable")
    floors[order[: size - int(floors.sum())]] += 1
    return floors if total >= 0 else -floors


def split_amount(amount: Decimal, shares: ArrayLike) -> list[Decimal]:
    """Split an amount of whole cents by shares; ValueError when it has parts of a cent."""
    cents = amount / CENT
    if cents != cents.to_integral_value():
        raise ValueError(f"amount {amount} has parts of a cent; allowed: two decimals")
    return [int(part) * CENT for part in split_cents(int(cents), shares)]
