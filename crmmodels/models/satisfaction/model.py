"""SatisfactionIndexModel: customer satisfaction from 0 to 100, what drives it, and what it leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import pandas as pd

from crmmodels._typing import Language
from crmmodels.exceptions import ParameterError
from crmmodels.models.satisfaction.report import report
from crmmodels.models.structural.graph import StructuralGraph, read_graph
from crmmodels.models.structural.survey_model import SurveyModel
from crmmodels.models.structural.templates import structural_templates
from crmmodels.models.structural.templates.template import Template, TemplateConstruct, TemplatePath

_OWNER: Final = "SatisfactionIndexModel"
_TARGET: Final = "satisfaction"
_BANDS: Final = ("dissatisfied", "passive", "satisfied", "delighted")
_CHINESE: Final = {"dissatisfied": "不满意", "passive": "一般", "satisfied": "满意", "delighted": "非常满意"}


@dataclass(frozen=True, kw_only=True)
class _Questionnaire:
    """Parameters that say which items measure what: as a base of its own, so that they come first."""

    indicators: Mapping[str, Sequence[str]]
    template: str | Template = "acsi"


@dataclass(frozen=True, kw_only=True)
class SatisfactionIndexModel(SurveyModel, _Questionnaire):
    r"""A customer satisfaction index from 0 to 100, with its causes and its consequences.

    Use it to report satisfaction, quality, value and loyalty as numbers that can be compared between branches and years, each with its
    limits, and to see what to improve first. The constructs and what explains what come from a template of the literature; the survey says
    by which items they are measured. For a model of your own, see `StructuralModel`.

    Parameters
    ----------
    indicators : mapping of str to sequence of str
        Items of each construct of the template, columns of the survey. Constructs go by their English or Chinese names, abbreviations
        or aliases: "satisfaction", "SAT" or "客户满意度".
    template : str or Template, default "acsi"
        Name of a template of `structural_templates`, or one of your own with a construct named "satisfaction".
    scale : sequence of two floats, or mapping of str to this or None, default (1, 10)
        Lowest and highest answer, of all items or by item or construct (by its English name); None for a number without a scale,
        such as money.
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
        Cut points of the satisfaction index between the segments: below the first dissatisfied, then passive, satisfied, and
        delighted; a respondent on a cut point is in the better one.
    labels : {"en", "zh"} or mapping of str to str, default "en"
        Language of the segment labels and of the report, or own wording of the labels.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or a construct of the template has no items.

    Notes
    -----
    Estimation is that of `StructuralModel`. The index of a construct is the mean answer to its items on the way from lowest to highest,
    weighted as partial least squares weights the unstandardised items:

    .. math:: I_k = 100 \frac{\sum_j u_j (\bar x_j - \mathrm{lo}_j)}{\sum_j u_j (\mathrm{hi}_j - \mathrm{lo}_j)}

    References
    ----------
    Fornell, C., Johnson, M. D., Anderson, E. W., Cha, J. & Bryant, B. E. (1996). The American Customer Satisfaction Index: Nature,
    Purpose, and Findings. Journal of Marketing 60(4), 7-18. doi:10.1177/002224299606000403

    Examples
    --------
    >>> import crmmodels as crm
    >>> survey = crm.simulate.simulate_survey(300, rng=1)
    >>> model = crm.SatisfactionIndexModel(indicators=survey.indicators, n_bootstrap=200).fit(survey.answers)
    >>> model.index()[["index", "lower", "upper"]].round(1)
                  index  lower  upper
    construct
    expectations   64.4   62.8   66.5
    quality        63.7   61.9   65.5
    value          62.3   60.5   64.3
    satisfaction   63.5   61.4   65.6
    complaints     66.5   64.9   68.4
    loyalty        63.1   61.0   65.6
    """

    record_types: ClassVar[tuple[type, ...]] = (*SurveyModel.record_types, Template, TemplateConstruct, TemplatePath)

    def structure(self) -> Template:
        """The template: constructs with their names and what they ask, paths, and the source.

        Returns
        -------
        Template
            The value behind ``template``.
        """
        if isinstance(self.template, Template):
            return self.template
        known = structural_templates()
        if not isinstance(self.template, str) or self.template not in known:
            raise ParameterError.unknown_choice(_OWNER, "template", known, self.template)
        return known[self.template]

    def graph(self) -> StructuralGraph:
        """Constructs, their items, and what explains what.

        Returns
        -------
        StructuralGraph
            Of the parameters.
        """
        template = self.structure()
        blocks = self._blocks(template)
        there = {*blocks, *(whole.name for whole in template.constructs if set(whole.parts) & set(blocks))}
        paths: dict[str, tuple[str, ...]] = {}
        for source, target in template.path_pairs(tuple(there)):
            paths[source] = (*paths.get(source, ()), target)
        return read_graph(
            _OWNER,
            constructs=blocks,
            paths=paths,
            modes={construct.name: construct.mode for construct in template.constructs if construct.name in there},
            second_order={c.name: c.parts for c in template.constructs if c.name in there and c.parts and c.name not in blocks},
            order=[construct.name for construct in template.constructs],
        )

    def index(self) -> pd.DataFrame:
        """Index of each construct from 0 to 100, with its limits.

        Returns
        -------
        pandas.DataFrame
            On the constructs, causes before effects: ``name`` in the language of the labels, ``index``, and, where there are replicates,
            ``standard_error, lower, upper, lower_bca, upper_bca``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        fitted = self._fitted_for("index")
        names = self._names()
        table = fitted.index.rename(columns={"estimate": "index"})
        table = table[table["index"].notna()]
        table.insert(1, "name", [names[construct] for construct in table["construct"]])
        return table.set_index("construct")

    def report_html(self) -> str:
        """The results as a manager reads them: dials, what to improve first, then the technical tables.

        Returns
        -------
        str
            HTML with inline SVG, without scripts, in the language of the labels.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        fitted = self._fitted_for("report_html")
        improve = self.importance_performance(_TARGET) if self._is_explained() else None
        return report(fitted, self.structure(), improve, self.index(), language=self._language(), bands=self.bands)

    def _repr_html_(self) -> str:
        return self.report_html() if self.is_fitted else super()._repr_html_()

    def _language(self) -> Language:
        return "zh" if self.labels == "zh" else "en"

    def _names(self) -> Mapping[str, str]:
        chinese = self._language() == "zh"
        return {c.name: c.zh if chinese else c.name.replace("_", " ") for c in self.structure().constructs}

    def _is_explained(self) -> bool:
        return any(target == _TARGET for _, target in self.graph().pairs)

    @property
    def segmented_construct(self) -> str:
        """Construct whose index makes the segments."""
        return _TARGET

    def _band_names(self) -> tuple[Sequence[str], Mapping[str, str]]:
        return _BANDS, _CHINESE

    def _blocks(self, template: Template) -> Mapping[str, tuple[str, ...]]:
        """Items by the template's own names of constructs, in its order."""
        given: Any = self.indicators
        if not isinstance(given, Mapping) or not given:
            raise ParameterError.must_be(_OWNER, "indicators", "a mapping from construct to the names of its items", given)
        found: dict[str, Any] = {}
        unknown = []
        for name, block in given.items():
            construct = template.find(name) if isinstance(name, str) else None
            if construct is None or construct.parts:
                unknown.append(name)
            elif construct.name in found:
                must = f"a mapping in which each construct stands once; {construct.name!r} has more than one name in it"
                raise ParameterError.must_be(_OWNER, "indicators", must, list(given))
            else:
                found[construct.name] = block
        measured = [construct for construct in template.constructs if not construct.parts]
        if unknown:
            names = [construct.name for construct in measured]
            raise ParameterError.must_be(
                _OWNER, "indicators", f"items of the constructs of {template.name!r}, {names}", unknown
            )
        if absent := [construct.name for construct in measured if not construct.is_optional and construct.name not in found]:
            must = f"items of every construct of {template.name!r}; these have none"
            raise ParameterError.must_be(_OWNER, "indicators", must, absent)
        if any(not isinstance(block, tuple) for block in found.values()):
            raise ParameterError.must_be(_OWNER, "indicators", "a mapping from construct to the names of its items", given)
        return {construct.name: found[construct.name] for construct in measured if construct.name in found}

    def _check_survey(self, owner: str) -> None:
        if self.structure().find(_TARGET) is None:
            must = "a template with a construct named 'satisfaction'"
            raise ParameterError.must_be(owner, "template", must, self.structure().name)
        super()._check_survey(owner)
