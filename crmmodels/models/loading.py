"""Saved models back from their files."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from crmmodels.base import BaseModel
from crmmodels.models import HOMES
from crmmodels.saving import check_document, read_document


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
    own = {model.__name__: model for model in models}
    document = read_document(path)
    name = check_document(document, {**HOMES, **own}, repr(str(path)))
    return (own[name] if name in own else _home_of(name)).from_dict(document)


def _home_of(name: str) -> type[BaseModel[Any, Any]]:
    """A model of the library, imported by a name that is listed."""
    model: type[BaseModel[Any, Any]] = getattr(import_module(f"crmmodels.models.{HOMES[name]}"), name)
    return model
