"""StructuralModel: constructs measured by items of a survey, and what explains what, by partial least squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from crmmodels.exceptions import ParameterError
from crmmodels.kernels.pls.design import Mode
from crmmodels.models.structural.graph import SecondOrderMethod, StructuralGraph, read_graph
from crmmodels.models.structural.survey_model import SurveyModel
from crmmodels.parameters import check_choice

_BANDS: Final = ("low", "fair", "good", "high")
_CHINESE: Final = {"low": "低", "fair": "中", "good": "良", "high": "高"}


@dataclass(frozen=True, kw_only=True)
class _Graph:
    """Parameters that say what the constructs are: as a base of its own, so that they come first."""

    constructs: Mapping[str, Sequence[str]]
    paths: Mapping[str, Sequence[str]]
    modes: Mode | Mapping[str, Mode] = "A"
    second_order: Mapping[str, Sequence[str]] | None = None
    second_order_method: SecondOrderMethod = "two-stage"
    interactions: Sequence[tuple[str, str, str]] = ()
    target: str | None = None


@dataclass(frozen=True, kw_only=True)
class StructuralModel(SurveyModel, _Graph):
    r"""A structural equation model of a survey, estimated by partial least squares path modelling.

    Use it for constructs that cannot be seen, only asked about, and for what explains what among them: satisfaction, loyalty, trust.
    Constructs are weighted sums of their items. For customer satisfaction there is `SatisfactionIndexModel`, which knows its constructs.
    Paths describe how constructs go together in one survey; they are causal only as far as the theory behind them is.

    Parameters
    ----------
    constructs : mapping of str to sequence of str
        Items of each construct, columns of the survey.
    paths : mapping of str to sequence of str
        Constructs that each construct explains.
    modes : {"A", "B", "sum"}, or mapping of str to these, default "A"
        "A" where items reflect the construct (correlation weights), "B" where they form it (regression weights), "sum" for the
        plain sum.
    second_order : mapping of str to sequence of str, optional
        Constructs made of other constructs, their parts, which then stand on no path themselves.
    second_order_method : {"two-stage", "repeated"}, default "two-stage"
        Whether such a construct is made of the scores of its parts, or repeats their items.
    interactions : sequence of (str, str, str)
        Two constructs of which one changes how the other works, and the construct that they explain; both should be on paths to it.
        Estimated in two stages from complete answers; paths, effects and R² are with them, the index, importance, groups and
        predictions without.
    target : str, optional
        Construct whose index makes the segments. Default: the last.
    scale : sequence of two floats, or mapping of str to this or None, default (1, 10)
        Lowest and highest answer, of all items or by item or construct; None for a number without a scale, such as money.
    reverse : sequence of str
        Items in which a high answer means little of what is measured.
    missing : {"mean", "listwise", "em"}, default "mean"
        A missing answer counts as the mean of the item (anew in every replicate), leaves the respondent out, or is accounted for by the
        most likely covariances (whose replicates take long).
    missing_codes : sequence of float
        Answers that mean "no answer", such as 98 and 99.
    weight : str, optional
        Column of respondent weights.
    scheme : {"path", "factorial", "centroid"}, default "path"
        Inner weighting.
    standardised : bool, default True
        Whether items count by their correlations, not their covariances.
    consistent : bool, default False
        Whether paths and loadings are corrected for attenuation (PLSc), for constructs that are common factors.
    nonnegative : bool, default False
        Whether weights are kept from falling below 0.
    n_bootstrap : int, default 5000
        Replicates for standard errors and limits of every estimate; 0 for none.
    bootstrap : {"respondents", "moments"}, default "respondents"
        What is drawn; "moments" costs the same for any number of respondents, and needs many of them.
    level : float, default 0.95
        Level of the limits.
    seed : int, default 0
        Seed of the replicates.
    bands : sequence of float, default (60, 75, 90)
        Cut points of the index between the segments; a respondent on a cut point is in the better one.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language or own wording of the segment labels.

    Raises
    ------
    ParameterError
        If a parameter is out of range, an item stands in two constructs, a construct has no items or no path, or the paths form a circle.

    Notes
    -----
    With S the covariances of the items, and W the weights scaled so that :math:`w_k^\prime S w_k = 1`, constructs correlate by
    :math:`R = W^\prime S W`, and the paths to a construct are the coefficients of its regression on those that explain it,
    :math:`\beta_k = R_{pp}^{-1} R_{pk}`. Everything is a function of means and covariances of the items. The index of a construct is

    .. math:: I_k = 100 \frac{\sum_j u_j (\bar x_j - \mathrm{lo}_j)}{\sum_j u_j (\mathrm{hi}_j - \mathrm{lo}_j)}

    with weights u of the unstandardised answers.

    References
    ----------
    Lohmöller, J.-B. (1989). Latent Variable Path Modeling with Partial Least Squares. Physica. doi:10.1007/978-3-642-52512-4

    Tenenhaus, M., Esposito Vinzi, V., Chatelin, Y.-M. & Lauro, C. (2005). PLS Path Modeling. Computational Statistics & Data
    Analysis 48(1), 159-205. doi:10.1016/j.csda.2004.03.005

    Dijkstra, T. K. & Henseler, J. (2015). Consistent Partial Least Squares Path Modeling. MIS Quarterly 39(2), 297-316.
    doi:10.25300/MISQ/2015/39.2.02

    Examples
    --------
    >>> import crmmodels as crm
    >>> survey = crm.StructuralModel.example(n_customers=300, seed=1)
    >>> model = crm.StructuralModel(
    ...     constructs={"quality": ["quality_1", "quality_2"], "loyalty": ["loyalty_1", "loyalty_2"]},
    ...     paths={"quality": ["loyalty"]},
    ...     n_bootstrap=0,
    ... ).fit(survey)
    >>> model.fitted.paths.round(3)
        source   target  estimate
    0  quality  loyalty     0.331
    """

    def graph(self) -> StructuralGraph:
        """Constructs, their items, and what explains what.

        Returns
        -------
        StructuralGraph
            Of the parameters.
        """
        return read_graph(
            "StructuralModel",
            constructs=self.constructs,
            paths=self.paths,
            modes=self.modes,
            second_order=self.second_order,
            method=self.second_order_method,
        )

    def _interactions(self) -> tuple[tuple[str, str, str], ...]:
        return tuple(self.interactions)

    @property
    def segmented_construct(self) -> str:
        """Construct whose index makes the segments."""
        return self.target or self.graph().names[-1]

    def _band_names(self) -> tuple[Sequence[str], Mapping[str, str]]:
        return _BANDS, _CHINESE

    def _check_survey(self, owner: str) -> None:
        check_choice(owner, "second_order_method", self.second_order_method, get_args(SecondOrderMethod))
        names = self.graph().names
        usable = isinstance(self.interactions, tuple) and all(
            isinstance(one, tuple) and len(one) == 3 and set(one) <= set(names) and one[2] not in one[:2]
            for one in self.interactions
        )
        if not usable or len({(frozenset(one[:2]), one[2]) for one in self.interactions}) < len(self.interactions):
            must = f"different triples of two constructs and a third, among {list(names)}"
            raise ParameterError.must_be(owner, "interactions", must, self.interactions)
        if self.interactions and self.consistent:
            must = "False where there are interactions, whose reliability is not known"
            raise ParameterError.must_be(owner, "consistent", must, self.consistent)
        if self.target is not None and self.target not in names:
            raise ParameterError.must_be(owner, "target", f"one of the constructs {list(names)}", self.target)
        super()._check_survey(owner)
