"""Numbers without the digits that the order of a sum decides."""

from __future__ import annotations

from typing import Final

import numpy as np

from crmmodels._typing import FloatArray

_DIGITS: Final = 13
_SMALLEST: Final = 1e-280
_LARGEST: Final = 1e280
"""Between these, powers of ten scale without overflow; beyond, no money is counted, and values stay as they are."""


def significant(values: FloatArray) -> FloatArray:
    """Values to thirteen significant digits, so that sums that are equal but for rounding are equal.

    0.1 + 0.2 is 0.30000000000000004 and not 0.3; added up in another order, or by another engine, the same amounts may differ
    in their last digits. Money in cents has fewer than thirteen digits up to a hundred thousand millions.

    Parameters
    ----------
    values : ndarray of float64, shape (n_customers,)
        Finite.

    Returns
    -------
    ndarray of float64, shape (n_customers,)
        Not descending where the values ascend.
    """
    size = np.abs(values)
    usual = (size >= _SMALLEST) & (size <= _LARGEST)
    decimals = _DIGITS - 1 - np.floor(np.log10(np.where(usual, size, 1.0)))
    # A power of ten below 1 is no float; its reciprocal is one, as long as it has no more than 22 digits.
    up, down = np.power(10.0, np.maximum(decimals, 0.0)), np.power(10.0, np.maximum(-decimals, 0.0))
    scaled = np.rint(np.where(usual, values, 0.0) * up / down)
    return np.where(usual, scaled * down / up, values)
