"""Array aliases and the few literals that several modules share."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
AnyArray: TypeAlias = NDArray[Any]

TimeUnit: TypeAlias = Literal["D", "W", "M", "Y"]
Period: TypeAlias = Literal["D", "W", "M", "Q", "Y"]
Language: TypeAlias = Literal["en", "zh"]
