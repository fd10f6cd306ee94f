"""What the plots of surveys share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmmodels.exceptions import ParameterError
from crmmodels.models.satisfaction.model import SatisfactionIndexModel
from crmmodels.models.structural.survey_model import SurveyModel


def check_survey_model(plot: str, model: object) -> Any:
    """Return the fitted record of a model of a survey; raise ParameterError for anything else.

    Parameters
    ----------
    plot : str
        The plotting function, for the message.
    model : object
        What was handed over.

    Returns
    -------
    StructuralFit
        Its record.
    """
    if not isinstance(model, SurveyModel):
        raise ParameterError.must_be(plot, "model", "a fitted model of a survey, such as SatisfactionIndexModel", type(model))
    return model._fitted_for(plot)  # noqa: SLF001  (the same package)


def construct_names(model: SurveyModel) -> Mapping[str, str]:
    """Constructs as they are written on plots, in the language of the labels.

    Parameters
    ----------
    model : SurveyModel
        The model.

    Returns
    -------
    mapping of str to str
        Words of each construct, parts of constructs of second order included.
    """
    plain = {name: name.replace("_", " ") for name in model.graph().answered}
    if isinstance(model, SatisfactionIndexModel) and model.labels == "zh":
        return {**plain, **{construct.name: construct.zh for construct in model.structure().constructs}}
    return plain
