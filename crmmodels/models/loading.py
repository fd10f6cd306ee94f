"""Saved models back from their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from crmmodels.base import BaseModel
from crmmodels.models.abc_analysis import ABCModel
from crmmodels.models.clv.model import CLVModel
from crmmodels.models.gamma_gamma import GammaGammaModel
from crmmodels.models.lifecycle.model import LifecycleModel
from crmmodels.models.purchase.beta_geo import BetaGeoModel
from crmmodels.models.purchase.beta_geo_beta_binom import BetaGeoBetaBinomModel
from crmmodels.models.purchase.modified_beta_geo import ModifiedBetaGeoModel
from crmmodels.models.purchase.nbd import NBDModel
from crmmodels.models.purchase.pareto_nbd import ParetoNBDModel
from crmmodels.models.rfm.model import RFMModel
from crmmodels.models.satisfaction.model import SatisfactionIndexModel
from crmmodels.models.shifted_beta_geo import ShiftedBetaGeoModel
from crmmodels.models.structural.model import StructuralModel
from crmmodels.saving import check_document, read_document

MODELS: Final[tuple[type[BaseModel[Any, Any]], ...]] = (
    ABCModel,
    RFMModel,
    NBDModel,
    BetaGeoModel,
    ModifiedBetaGeoModel,
    ParetoNBDModel,
    BetaGeoBetaBinomModel,
    ShiftedBetaGeoModel,
    GammaGammaModel,
    CLVModel,
    LifecycleModel,
    SatisfactionIndexModel,
    StructuralModel,
)
"""Every model of the library."""


def load(path: str | Path, *, models: Sequence[type[BaseModel[Any, Any]]] = ()) -> Any:
    """Read a model from the JSON file that its ``save`` wrote; no code in the file is run.

    Parameters
    ----------
    path : str or Path
        The file.
    models : sequence of type, optional
        Model classes of your own that the file may hold, beside those of the library.

    Returns
    -------
    BaseModel
        A model that answers as the saved one did.

    Raises
    ------
    SavedFormatError
        If this is no regular file, not JSON, not a saved model, of an unknown format or class, or damaged: a number is not finite, not of
        its type or out of its range, or the record does not go with the parameters. The message names the field.
    ParameterError
        If this is no path.
    OSError
        As Python gives it, if there is no such file, or it must not be read.

    Notes
    -----
    A file that was damaged or written by hand is refused, or gives a model that answers with numbers. JSON that is read in more than one way
    is refused, too: a key that stands twice, ``NaN``, ``Infinity``, ``1e400``. What is read takes no more memory than the file holds,
    whatever it says of itself.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import crmmodels as crm
    >>> customers = crm.RFMModel.example(n_customers=50, seed=0)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rfm.json"
    >>> crm.RFMModel().fit(customers).save(path)
    >>> crm.load(path).fitted.n_customers
    50
    """
    known = {model.__name__: model for model in (*MODELS, *models)}
    document = read_document(path)
    return known[check_document(document, known, repr(str(path)))].from_dict(document)
