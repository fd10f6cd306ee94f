"""A figure that is never given without its interval and the number it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from crmmodels.exceptions import ParameterError
from crmmodels.kernels.inference.proportions import newcombe_interval
from crmmodels.wording import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure with an interval for it.

    Attributes
    ----------
    value : float
        The figure.
    lower, upper : float
        Limits of the interval; NaN where too little is known for one.
    n : int
        Respondents or customers that it rests on.
    n_effective : float
        Of equal weight, who would tell as much; ``n`` without weights.
    n_left_out : int
        Those who could not be counted: without an answer, or not observed for long enough.
    level : float
        Nominal coverage of the interval.
    """

    value: float
    lower: float
    upper: float
    n: int
    n_effective: float
    n_left_out: int = 0
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Measure):
    """A share of respondents or customers, with an interval for it.

    Attributes
    ----------
    value, lower, upper : float
        The share and the limits of its interval, from 0 to 1.
    n : int
        Respondents or customers that it rests on.
    n_effective : float
        Of equal weight, who would tell as much.
    n_left_out : int
        Those who could not be counted.
    level : float
        Nominal coverage of the interval.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class NetPromoterScore(Measure):
    """A net promoter score with an interval for it.

    Attributes
    ----------
    value, lower, upper : float
        The score and the limits of its interval, from -100 to 100.
    n : int
        Respondents that it rests on.
    n_effective : float
        Of equal weight, who would tell as much.
    n_left_out : int
        Respondents without an answer.
    level : float
        Nominal coverage of the interval.
    detractors, passives, promoters : float
        Shares of the respondents, from 0 to 1.
    """

    detractors: float
    passives: float
    promoters: float


def rate_change(before: Rate, after: Rate, *, level: float = 0.95) -> Measure:
    r"""Change of a rate between two periods or groups, with an interval.

    Use it to see whether complaints really fell, or whether the difference is within chance. The two must rest on different customers, or
    nearly so: where the same ones are asked twice, their answers depend on each other and the interval is too wide.

    Parameters
    ----------
    before, after : Rate
        What `complaint_rate`, `csat` or `repeat_rate` return.
    level : float, default 0.95
        Nominal coverage of the interval.

    Returns
    -------
    Measure
        The second rate minus the first, from -1 to 1; ``n`` is the sum of both.

    Raises
    ------
    ParameterError
        If ``before`` or ``after`` is no Rate, or ``level`` is out of range.

    Notes
    -----
    Newcombe's hybrid score interval, with the limits :math:`l, u` of Wilson's for each rate :math:`p`:

    .. math:: p_2 - p_1 - \sqrt{(p_2 - l_2)^2 + (u_1 - p_1)^2}, \quad p_2 - p_1 + \sqrt{(u_2 - p_2)^2 + (p_1 - l_1)^2}

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions: comparison of eleven
    methods. Statistics in Medicine 17, 873-890.

    Examples
    --------
    >>> from crmmodels import metrics
    >>> change = metrics.rate_change(metrics.complaint_rate(50, 1000), metrics.complaint_rate(20, 1000))
    >>> round(change.value, 3), round(change.lower, 3), round(change.upper, 3)
    (-0.03, -0.047, -0.014)
    """
    check_level("rate_change", level)
    for name, rate in (("before", before), ("after", after)):
        if not isinstance(rate, Rate):
            raise ParameterError.must_be("rate_change", name, "a Rate, as complaint_rate returns it", rate)
    sizes = before.n_effective, after.n_effective
    counts = before.value * sizes[0], after.value * sizes[1]
    limits = newcombe_interval(counts[0], sizes[0], counts[1], sizes[1], level)
    return Measure(
        value=after.value - before.value,
        lower=float(limits.lower),
        upper=float(limits.upper),
        n=before.n + after.n,
        n_effective=sizes[0] + sizes[1],
        n_left_out=before.n_left_out + after.n_left_out,
        level=level,
    )


def check_level(owner: str, level: object) -> None:
    """Raise ParameterError for what is no coverage of an interval."""
    number = plain(level)
    if not isinstance(number, float) or not 0.0 < number < 1.0:
        raise ParameterError.must_be(owner, "level", "a number above 0 and below 1, such as 0.95", level)
