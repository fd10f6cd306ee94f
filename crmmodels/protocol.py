"""What every model offers, whether it derives from BaseModel or not."""

from __future__ import annotations

from typing import Any, Protocol, Self, runtime_checkable


@runtime_checkable
class Model(Protocol):
    """What an application may rely on; inheriting from BaseModel is not required."""

    def fit(self, data: Any) -> Self:
        """Learn from a reference population.

        Parameters
        ----------
        data : dataframe or Orders
            One row per customer.

        Returns
        -------
        Self
            The model itself, now fitted.
        """
        ...

    def score(self, data: Any) -> Any:
        """Return numbers, one row per customer.

        Parameters
        ----------
        data : dataframe or Orders
            The customers.

        Returns
        -------
        dataframe
            Of the kind of ``data``.
        """
        ...

    def segment(self, data: Any) -> Any:
        """Return one label per customer.

        Parameters
        ----------
        data : dataframe or Orders
            The customers.

        Returns
        -------
        Series or dataframe
            Ordered labels, of the kind of ``data``.
        """
        ...
