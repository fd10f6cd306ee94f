"""What the plots of surveys share."""

from __future__ import annotations

from collections.abc import Mapping

from crmmodels.models.satisfaction.model import SatisfactionIndexModel
from crmmodels.models.structural.record import StructuralFit
from crmmodels.models.structural.survey_model import SurveyModel
from crmmodels.plotting.drawing.arguments import fitted_record


def fitted_survey(plot: str, model: SurveyModel) -> StructuralFit:
    """Return the fitted record, or refuse what is no fitted model of a survey."""
    return fitted_record(plot, model, SurveyModel, "a fitted model of a survey, such as SatisfactionIndexModel")


def construct_names(model: SurveyModel) -> Mapping[str, str]:
    """Words of each construct on plots, in the language of the labels; parts of constructs of second order included."""
    plain = {name: name.replace("_", " ") for name in model.graph().answered}
    if isinstance(model, SatisfactionIndexModel) and model.labels == "zh":
        return {**plain, **{construct.name: construct.zh for construct in model.structure().constructs}}
    return plain


def two_decimals(value: float) -> str:
    """Two decimals without the leading zero, as correlations are written."""
    return f"{round(value, 2) + 0.0:.2f}".replace("0.", ".", 1)
