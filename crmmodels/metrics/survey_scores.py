"""Measures of what customers say: would they recommend, are they satisfied, was it easy, was it as expected."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np

from crmmodels._typing import BoolArray, FloatArray
from crmmodels.data.answers import Answers, Missing, Scale, read_answers, read_scale
from crmmodels.exceptions import ParameterError
from crmmodels.kernels.inference.means import effective_size, mean_interval
from crmmodels.kernels.inference.proportions import net_score_interval, wilson_interval
from crmmodels.metrics.measures import Measure, NetPromoterScore, Rate, check_level
from crmmodels.wording import plain

_RECOMMENDATION: Final = Scale(0.0, 10.0, whole=True)
_LAST_DETRACTOR: Final = 6.0
_FIRST_PROMOTER: Final = 9.0


def nps(
    answers: Any,
    *,
    method: Literal["adjusted_wald", "wald"] = "adjusted_wald",
    level: float = 0.95,
    weights: Any = None,
    missing: Missing = "refuse",
) -> NetPromoterScore:
    r"""Net promoter score: the share of promoters (9, 10) minus that of detractors (0 to 6), in points from -100 to 100.

    It throws most of each answer away, so that its interval is wide: some 15 points either way with 100 respondents. Look at
    the interval before telling a rise from chance.

    Parameters
    ----------
    answers : column
        "How likely are you to recommend us?", whole numbers from 0 to 10: a list, array or Series of any kind, or a frame of
        one column.
    method : {"adjusted_wald", "wald"}, default "adjusted_wald"
        Interval. Wald's is the usual one; it covers too seldom with few respondents, and has no width where all answer alike.
    level : float, default 0.95
        Nominal coverage of the interval.
    weights : column, optional
        Weight of each respondent. The interval then rests on the effective number of respondents.
    missing : {"refuse", "drop"}, default "refuse"
        Whether a respondent without an answer is an error, or left out and counted.

    Returns
    -------
    NetPromoterScore
        The score with its interval, and the shares behind it.

    Raises
    ------
    DataError
        If there are no answers, or some are missing, text, not whole or outside 0 to 10.
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    .. math:: 100 \left(\hat\Delta \pm z \sqrt{\frac{\hat p_+ + \hat p_- - \hat\Delta^2}{n}}\right), \quad
        \hat\Delta = \hat p_+ - \hat p_-

    The adjusted interval adds three respondents: 3/4 promoters, 3/2 passives, 3/4 detractors. It is therefore centred a
    little nearer 0 than the score.

    References
    ----------
    Reichheld, F. F. (2003). The One Number You Need to Grow. Harvard Business Review 81(12), 46-54.

    Rocks, B. (2016). Interval estimation for the "Net Promoter Score". The American Statistician 70, 365-372.
    doi:10.1080/00031305.2016.1198279

    Examples
    --------
    >>> from crmmodels import metrics
    >>> score = metrics.nps([5] * 20 + [8] * 30 + [10] * 50)
    >>> score.value, round(score.lower, 1), round(score.upper, 1)
    (30.0, 14.1, 44.2)
    """
    reader = "nps"
    check_level(reader, level)
    if method not in {"adjusted_wald", "wald"}:
        raise ParameterError.unknown_choice(reader, "method", ("adjusted_wald", "wald"), method)
    read = read_answers(reader, {"answers": answers}, _RECOMMENDATION, weights=weights, missing=missing)
    given, n = read.values["answers"], effective_size(read.weight)
    detractors, promoters = _share(given <= _LAST_DETRACTOR, read), _share(given >= _FIRST_PROMOTER, read)
    passives = _share((given > _LAST_DETRACTOR) & (given < _FIRST_PROMOTER), read)
    limits = net_score_interval(detractors * n, passives * n, promoters * n, level, adjusted=method == "adjusted_wald")
    return NetPromoterScore(
        value=100.0 * (promoters - detractors),
        lower=100.0 * float(limits.lower),
        upper=100.0 * float(limits.upper),
        n=len(given),
        n_effective=n,
        n_left_out=read.n_left_out,
        level=level,
        detractors=detractors,
        passives=passives,
        promoters=promoters,
    )


def csat(
    answers: Any,
    *,
    scale: tuple[float, float] = (1, 5),
    satisfied_from: float | None = None,
    level: float = 0.95,
    weights: Any = None,
    missing: Missing = "refuse",
) -> Rate:
    """Customer satisfaction score: the share of respondents who are satisfied.

    Parameters
    ----------
    answers : column
        "How satisfied are you?": a list, array or Series of any kind, or a frame of one column.
    scale : (float, float), default (1, 5)
        Lowest and highest answer.
    satisfied_from : float, optional
        Lowest answer that counts as satisfied. Default: the highest answer less 1, which are the top two boxes.
    level : float, default 0.95
        Nominal coverage of the interval.
    weights : column, optional
        Weight of each respondent. The interval then rests on the effective number of respondents.
    missing : {"refuse", "drop"}, default "refuse"
        Whether a respondent without an answer is an error, or left out and counted.

    Returns
    -------
    Rate
        The share, from 0 to 1, with Wilson's interval.

    Raises
    ------
    DataError
        If there are no answers, or some are missing, text or outside the scale.
    ParameterError
        If a parameter is out of range.

    See Also
    --------
    rate_change : Difference of two such shares.

    Notes
    -----
    A score of top boxes moves with the cut, so that scores of different scales or cuts do not compare.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22, 209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> from crmmodels import metrics
    >>> score = metrics.csat([5] * 25 + [4] * 20 + [3] * 30 + [1] * 25)
    >>> score.value, round(score.lower, 3), round(score.upper, 3)
    (0.45, 0.356, 0.548)
    """
    reader = "csat"
    check_level(reader, level)
    ends = read_scale(reader, scale)
    cut = plain(ends.high - 1.0 if satisfied_from is None else satisfied_from)
    if not isinstance(cut, int | float) or isinstance(cut, bool) or not ends.low < cut <= ends.high:
        must = f"an answer above {ends.low:g}, at most {ends.high:g}"
        raise ParameterError.must_be(reader, "satisfied_from", must, cut)
    read = read_answers(reader, {"answers": answers}, ends, weights=weights, missing=missing)
    n, share = effective_size(read.weight), _share(read.values["answers"] >= cut, read)
    limits = wilson_interval(share * n, n, level)
    return Rate(
        value=share,
        lower=float(limits.lower),
        upper=float(limits.upper),
        n=len(read.weight),
        n_effective=n,
        n_left_out=read.n_left_out,
        level=level,
    )


def ces(
    answers: Any,
    *,
    scale: tuple[float, float] = (1, 7),
    level: float = 0.95,
    weights: Any = None,
    missing: Missing = "refuse",
) -> Measure:
    """Customer effort score: the mean agreement that the company made it easy.

    Parameters
    ----------
    answers : column
        "The company made it easy for me to handle my issue": a list, array or Series of any kind, or a frame of one column.
        High means easy; where the question is about effort, a high score is bad.
    scale : (float, float), default (1, 7)
        Lowest and highest answer.
    level : float, default 0.95
        Nominal coverage of the interval.
    weights : column, optional
        Weight of each respondent.
    missing : {"refuse", "drop"}, default "refuse"
        Whether a respondent without an answer is an error, or left out and counted.

    Returns
    -------
    Measure
        The mean with Student's interval, cut off at the ends of the scale; NaN limits for one respondent.

    Raises
    ------
    DataError
        If there are no answers, or some are missing, text or outside the scale.
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    Where all answer alike the interval has no width, though few respondents prove little.

    References
    ----------
    Dixon, M., Freeman, K. & Toman, N. (2010). Stop Trying to Delight Your Customers. Harvard Business Review 88(7/8), 116-122.

    Examples
    --------
    >>> from crmmodels import metrics
    >>> score = metrics.ces([4, 5, 6, 7])
    >>> score.value, round(score.lower, 2), score.upper
    (5.5, 3.45, 7.0)
    """
    reader = "ces"
    check_level(reader, level)
    ends = read_scale(reader, scale)
    read = read_answers(reader, {"answers": answers}, ends, weights=weights, missing=missing)
    return _mean(read.values["answers"], read, level, (ends.low, ends.high))


def gap_score(
    perception: Any,
    expectation: Any,
    *,
    scale: tuple[float, float] = (1, 7),
    level: float = 0.95,
    weights: Any = None,
    missing: Missing = "refuse",
) -> Measure:
    r"""Service quality gap: what customers perceived minus what they expected, on average.

    Below 0 the service fell short of what was expected. Both answers come from the same respondents, so the interval is that
    of their differences.

    Parameters
    ----------
    perception, expectation : column
        Answers of the same respondents in the same order: lists, arrays or Series of any kind, or frames of one column.
    scale : (float, float), default (1, 7)
        Lowest and highest answer to either.
    level : float, default 0.95
        Nominal coverage of the interval.
    weights : column, optional
        Weight of each respondent.
    missing : {"refuse", "drop"}, default "refuse"
        Whether a respondent without one of the answers is an error, or left out and counted.

    Returns
    -------
    Measure
        The mean difference with Student's interval for pairs, cut off where no difference can be; NaN limits for one
        respondent.

    Raises
    ------
    DataError
        If there are no answers, some are missing, text or outside the scale, or there are more of one than of the other.
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    .. math:: \frac{1}{n} \sum_i (P_i - E_i)

    References
    ----------
    Parasuraman, A., Zeithaml, V. A. & Berry, L. L. (1988). SERVQUAL: A Multiple-Item Scale for Measuring Consumer Perceptions
    of Service Quality. Journal of Retailing 64(1), 12-40.

    Examples
    --------
    >>> from crmmodels import metrics
    >>> gap = metrics.gap_score(perception=[4, 5, 6, 4], expectation=[6, 6, 6, 5])
    >>> gap.value, round(gap.lower, 2), round(gap.upper, 2)
    (-1.0, -2.3, 0.3)
    """
    reader = "gap_score"
    check_level(reader, level)
    ends = read_scale(reader, scale)
    columns = {"perception": perception, "expectation": expectation}
    read = read_answers(reader, columns, ends, weights=weights, missing=missing)
    width = ends.high - ends.low
    return _mean(read.values["perception"] - read.values["expectation"], read, level, (-width, width))


def _share(holds: BoolArray, read: Answers) -> float:
    return float(read.weight[holds].sum() / read.weight.sum())


def _mean(values: FloatArray, read: Answers, level: float, ends: tuple[float, float]) -> Measure:
    found = mean_interval(values, read.weight, level)
    return Measure(
        value=found.value,
        lower=float(np.maximum(found.lower, ends[0])),
        upper=float(np.minimum(found.upper, ends[1])),
        n=len(values),
        n_effective=found.n_effective,
        n_left_out=read.n_left_out,
        level=level,
    )
