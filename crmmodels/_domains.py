"""What the fields of a saved record may hold: their types, and the numbers in them."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

import numpy as np

from crmmodels._typing import FloatArray

_LARGEST_INT: Final = 2**63 - 1
_PLAIN: Final[Mapping[Any, tuple[type, ...]]] = {
    None: (types.NoneType,),
    types.NoneType: (types.NoneType,),
    bool: (bool,),
    str: (str,),
    int: (int,),
    float: (float, int),
}
"""Types whose values are of this type exactly: True is no number, and a whole number is one."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Numbers that a field of a fitted record may hold, for ``Annotated``.

    A field without one holds finite numbers. What else it holds is neither saved nor loaded.

    Parameters
    ----------
    least, most : float, optional
        Bounds that may be reached.
    above : float, optional
        Bound that may not.
    admits : {"finite", "infinite", "any"}, default "finite"
        Whether the field may be infinite, or infinite or NaN, too.
    ndim : int, optional
        Number of dimensions of an array.

    Examples
    --------
    >>> from typing import Annotated
    >>> from dataclasses import dataclass
    >>> from crmmodels import Domain
    >>> @dataclass(frozen=True)
    ... class DelayFit:
    ...     mean_days: Annotated[float, Domain(least=0.0)]
    ...     half_life: Annotated[float, Domain(above=0.0, admits="infinite")]
    """

    least: float = -math.inf
    most: float = math.inf
    above: float | None = None
    admits: Literal["finite", "infinite", "any"] = "finite"
    ndim: int | None = None

    def wrong(self, value: float | np.ndarray[Any, Any]) -> float | None:
        """Find a number that may not be.

        Parameters
        ----------
        value : float or ndarray
            What a field holds.

        Returns
        -------
        float or None
            The first that may not be; None where all may.
        """
        array = np.atleast_1d(np.asarray(value, np.float64)).ravel()
        known = np.isfinite(array) | (self.admits != "finite")
        inside = (array >= self.least) & (array <= self.most)
        if self.above is not None:
            inside &= array > self.above
        allowed = (known & inside) | (np.isnan(array) & (self.admits == "any"))
        return None if allowed.all() else float(array[~allowed][0])

    @property
    def wording(self) -> str:
        """What a number must be."""
        noun = {"finite": "a finite number", "infinite": "a number", "any": "a number or NaN"}[self.admits]
        bounds = [] if self.above is None else [f"above {self.above:g}"]
        bounds += [f"{self.least:g} or more"] * (self.least > -math.inf) + [f"at most {self.most:g}"] * (self.most < math.inf)
        return ", ".join([noun, *bounds])


Count: TypeAlias = Annotated[int, Domain(least=0)]
CountFromOne: TypeAlias = Annotated[int, Domain(least=1)]
Positive: TypeAlias = Annotated[float, Domain(above=0.0)]
NonNegative: TypeAlias = Annotated[float, Domain(least=0.0)]
Share: TypeAlias = Annotated[float, Domain(least=0.0, most=1.0)]
PositiveOrInfinite: TypeAlias = Annotated[float, Domain(above=0.0, admits="infinite")]
NonNegativeOrInfinite: TypeAlias = Annotated[float, Domain(least=0.0, admits="infinite")]
PerhapsInfinite: TypeAlias = Annotated[float, Domain(admits="infinite")]
PerhapsMissing: TypeAlias = Annotated[float, Domain(admits="any")]
Cuts: TypeAlias = Annotated[FloatArray, Domain(admits="infinite")]
MatrixPerhapsInfinite: TypeAlias = Annotated[FloatArray, Domain(ndim=2, admits="infinite")]
VectorPerhapsInfinite: TypeAlias = Annotated[FloatArray, Domain(ndim=1, admits="infinite")]
VectorPerhapsMissing: TypeAlias = Annotated[FloatArray, Domain(ndim=1, admits="any")]
MatrixPerhapsMissing: TypeAlias = Annotated[FloatArray, Domain(ndim=2, admits="any")]
PositiveVector: TypeAlias = Annotated[FloatArray, Domain(ndim=1, above=0.0)]
ShareMatrix: TypeAlias = Annotated[FloatArray, Domain(ndim=2, least=0.0, most=1.0)]
Vector: TypeAlias = Annotated[FloatArray, Domain(ndim=1)]
Matrix: TypeAlias = Annotated[FloatArray, Domain(ndim=2)]

_FINITE: Final = Domain()
_ANY: Final = Domain(admits="any")


def check_fields(record: Any, where: str, *, parameters: bool = False) -> None:
    """TypeError or ValueError if a dataclass has a field that its annotation forbids; numbers of a model's ``parameters`` may be infinite."""
    kind: Any = type(record)
    hints = _hints_of(kind)
    domain = _ANY if parameters else _FINITE
    for field in dataclasses.fields(record):
        check_value(getattr(record, field.name), hints.get(field.name, Any), f"{where}.{field.name}", domain)


@functools.lru_cache(maxsize=256)
def _hints_of(kind: type) -> Mapping[str, Any]:
    """Annotations of a class; none where they cannot be resolved."""
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except (NameError, TypeError, AttributeError):
        return {}


def check_value(value: Any, hint: Any, where: str, domain: Domain = _FINITE) -> None:
    """TypeError or ValueError if a value is not what its annotation says; ``domain`` bounds numbers of which it says nothing."""
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        domain = next((extra for extra in extras if isinstance(extra, Domain)), domain)
    if get_origin(hint) in {Union, types.UnionType}:
        _check_union(value, get_args(hint), where, domain)
        return
    if not _is_of(value, hint):
        msg = f"{where} must be {_wording(hint)}; got {value!r:.60}"
        raise TypeError(msg)
    _check_numbers(value, where, domain)
    for inner, inner_hint, inner_where in _parts(value, hint, where):
        check_value(inner, inner_hint, inner_where, domain)


def _check_union(value: Any, choices: Sequence[Any], where: str, domain: Domain) -> None:
    """Refuse what is none of several types, for the reason of the last that is near."""
    near = [choice for choice in choices if _is_of(value, _bare(choice))]
    if not near:
        msg = f"{where} must be {' or '.join(map(_wording, choices))}; got {value!r:.60}"
        raise TypeError(msg)
    for choice in near[:-1]:
        try:
            check_value(value, choice, where, domain)
        except (TypeError, ValueError):
            continue
        return
    check_value(value, near[-1], where, domain)


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _is_of(value: Any, hint: Any) -> bool:
    """Whether a value is of a type, whatever is in it; True for annotations that say nothing."""
    kind = get_origin(hint) or hint
    inner = get_args(hint)
    if kind in _PLAIN:
        return type(value) in _PLAIN[kind]
    if kind is Literal:
        return any(type(value) is type(choice) and value == choice for choice in inner)
    if kind is np.ndarray:
        return isinstance(value, np.ndarray) and _has_dtype(value, hint)
    if kind is tuple:
        return isinstance(value, tuple) and (not inner or inner[-1] is Ellipsis or len(value) == len(inner))
    if kind in {Sequence, Iterable}:
        return isinstance(value, tuple | list)
    try:
        return kind is Any or not isinstance(kind, type) or isinstance(value, kind)
    except TypeError:  # a protocol that says nothing at run time
        return True


def _has_dtype(array: np.ndarray[Any, Any], hint: Any) -> bool:
    inner = get_args(hint)
    declared = get_args(inner[1])[:1] if len(inner) == 2 else ()
    anything = not declared or declared[0] is Any or not isinstance(declared[0], type)
    return anything or np.issubdtype(array.dtype, declared[0])


def _check_numbers(value: Any, where: str, domain: Domain) -> None:
    if isinstance(value, np.ndarray):
        if domain.ndim is not None and value.ndim != domain.ndim:
            msg = f"{where} must have {domain.ndim} dimensions; it is of shape {value.shape}"
            raise ValueError(msg)
        wrong = domain.wrong(value) if value.dtype.kind in "iuf" else None
    elif type(value) in {int, float}:
        if type(value) is int and abs(value) > _LARGEST_INT and domain.admits == "finite":
            msg = f"{where} is {value!r:.60}, which is too large"
            raise ValueError(msg)
        wrong = domain.wrong(value)
    else:
        return
    if wrong is not None:
        msg = f"{where} must be {domain.wording}; got {wrong!r}"
        raise ValueError(msg)


def _parts(value: Any, hint: Any, where: str) -> Iterable[tuple[Any, Any, str]]:
    """What is inside a value, with its annotation and its name."""
    inner = get_args(hint)
    if isinstance(value, Mapping):
        keys, items = inner if len(inner) == 2 else (Any, Any)
        for key, item in value.items():
            yield key, keys, f"a key of {where}"
            yield item, items, f"{where}[{key!r}]"
    elif isinstance(value, tuple | list):
        fixed = get_origin(hint) is tuple and inner and inner[-1] is not Ellipsis
        each = inner if fixed else [inner[0] if inner else Any] * len(value)
        for i, (item, item_hint) in enumerate(zip(value, each, strict=True)):
            yield item, item_hint, f"{where}[{i}]"
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = _hints_of(type(value))
        for field in dataclasses.fields(value):
            yield getattr(value, field.name), hints.get(field.name, Any), f"{where}.{field.name}"


def _wording(hint: Any) -> str:
    hint = _bare(hint)
    kind = get_origin(hint) or hint
    if kind is Literal:
        return " or ".join(map(repr, get_args(hint)))
    if kind is np.ndarray and len(get_args(hint)) == 2 and get_args(get_args(hint)[1]):
        return f"an array of {getattr(get_args(get_args(hint)[1])[0], '__name__', 'numbers')}"
    names = {None: "None", type(None): "None", float: "a number", int: "a whole number", bool: "true or false", str: "text"}
    return names.get(kind, getattr(kind, "__name__", str(kind)))


def require(is_so: bool, must: str) -> None:  # noqa: FBT001  (a statement)
    """Refuse a record of which a statement does not hold.

    Parameters
    ----------
    is_so : bool
        Whether it holds.
    must : str
        What must be, and what is.

    Raises
    ------
    ValueError
        If it does not hold.
    """
    if not is_so:
        raise ValueError(must)


def check_symmetric(matrix: FloatArray, where: str, tolerance: float = 1e-9) -> None:
    """ValueError unless a matrix of shape (n, n) is a covariance, to ``tolerance`` times its largest eigenvalue."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        msg = f"{where} must be square; it is of shape {matrix.shape}"
        raise ValueError(msg)
    largest = float(np.abs(matrix).max(initial=0.0))
    if largest == 0.0:
        return
    scaled = matrix / largest
    if np.abs(scaled - scaled.T).max() > tolerance:
        msg = f"{where} must be symmetric"
        raise ValueError(msg)
    least = float(np.linalg.eigvalsh(scaled)[0])
    if least < -tolerance * len(matrix):
        msg = f"{where} must be a covariance, without a negative eigenvalue; the least is {least * largest:.3g}"
        raise ValueError(msg)
