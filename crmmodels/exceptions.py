"""Everything this package raises or warns; the wording of every error lives here.

::

    CrmModelsError
    ├── DataError(ValueError)              the table cannot be used as it is
    ├── ParameterError(ValueError)         a parameter is out of range
    ├── NotFittedError(RuntimeError)       score or segment was called before fit
    ├── ConvergenceError(RuntimeError)     an optimiser stopped without an answer
    ├── SavedFormatError(ValueError)       a saved model cannot be read
    ├── HookError(TypeError)               a model of one's own gives what its interface does not admit
    └── MissingDependencyError(ImportError) an optional package is not installed
    CrmModelsWarning(UserWarning)
    ├── NegativeSpendWarning               customers whose returns exceed their orders
    ├── ReturnsOnlyWarning                 customers left out because they only returned goods
    ├── DuplicatesWarning                  rows of an order log left out because they repeat another
    ├── MissingRowsWarning                 rows of an order log left out because they miss a customer, a time or an amount
    ├── StrayDateWarning                   a few orders long before or after all others
    ├── OrderIdWarning                     order numbers that came back weeks later, and were read as one order
    ├── UnitPriceWarning                   amounts that look as if they were prices of one unit
    ├── UnitWarning                        ages that look as if they were in another unit
    ├── FewCustomersWarning                too few customers for estimates to mean much
    ├── BoundaryWarning                    a parameter without a best value: a simpler model fits as well
    ├── SpendCorrelationWarning            spend that depends on frequency, where a model assumes that it does not
    ├── OneCohortWarning                   customers of one month, beside whom later prices have no benchmark
    ├── OneValueWarning                    a measure that is the same for all customers, and so tells nobody apart
    ├── HeavyTailWarning                   spend that varies too much between customers to have a mean
    ├── NegativeWeightWarning              items whose weight makes an index fall where answers rise
    ├── UnconvergedWarning                 an estimate that could still gain, though time was up
    ├── ImportanceWarning                  posterior draws that do not represent the posterior well
    └── MissingGlyphWarning                a plot needs a font that is not installed
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

__all__ = [
    "BoundaryWarning",
    "ConvergenceError",
    "CrmModelsError",
    "CrmModelsWarning",
    "DataError",
    "DuplicatesWarning",
    "FewCustomersWarning",
    "HeavyTailWarning",
    "HookError",
    "ImportanceWarning",
    "MissingDependencyError",
    "MissingGlyphWarning",
    "MissingRowsWarning",
    "NegativeSpendWarning",
    "NegativeWeightWarning",
    "NotFittedError",
    "OneCohortWarning",
    "OneValueWarning",
    "OrderIdWarning",
    "ParameterError",
    "ReturnsOnlyWarning",
    "SavedFormatError",
    "SpendCorrelationWarning",
    "StrayDateWarning",
    "UnconvergedWarning",
    "UnitPriceWarning",
    "UnitWarning",
]


def missing_column(name: object, there: Sequence[object], meaning: str = "") -> str:
    """Word that a column is missing, with those there are and the one probably meant."""
    return missing_columns([name], there, meaning)


def missing_columns(names: Sequence[object], there: Sequence[object], meaning: str | Sequence[str] = "", hint: str = "") -> str:
    """Word that columns are missing, with those there are, named once, and the ones probably meant.

    Parameters
    ----------
    names : sequence
        The columns that are read; at least one.
    there : sequence
        The columns of the table.
    meaning : str or sequence of str, default ""
        What they are, such as ", of the holdout,", or what each is, such as " (who bought)".
    hint : str, default ""
        What to do, where more is known than like names.

    Returns
    -------
    str
        Such as "column 'age' is missing; it has ['Age']; did you mean 'Age'?".
    """
    each = [repr(name) if isinstance(meaning, str) else f"{name!r}{meaning[i]}" for i, name in enumerate(names)]
    of_all = meaning if isinstance(meaning, str) else ""
    listed = f"{', '.join(each[:-1])} and {each[-1]}" if len(each) > 1 else each[0]
    words = f"columns {listed}{of_all} are" if len(names) > 1 else f"column {listed}{of_all} is"
    by_folded = {folded(other): other for other in there}
    close = [found[0] for name in names if (found := get_close_matches(folded(name), by_folded, n=1))]
    meant = dict.fromkeys(by_folded[other] for other in close)
    guess = f"; did you mean {' and '.join(map(repr, meant))}?" if meant else ""
    return f"{words} missing; it has {list(there)}{f'; {hint}' if hint else guess}"


def folded(name: object) -> str:
    """A name without case and separators, as misspellings differ in these."""
    return str(name).casefold().translate(_SEPARATORS)


_SEPARATORS: Final = str.maketrans("", "", "_ -.")


class CrmModelsError(Exception):
    """Base of every exception raised on purpose by crmmodels."""


class DataError(CrmModelsError, ValueError):
    """The table handed over cannot be used as it is.

    Parameters
    ----------
    reader : str
        Who refused the table: a model's or class's name.
    problems : sequence of str
        One sentence per problem found; all of them, not only the first.
    subject : str, default "table"
        What was read, as it stands in the message.

    Attributes
    ----------
    reader : str
        Who refused the table.
    problems : tuple of str
        One sentence per problem.
    subject : str
        What was read.
    """

    def __init__(self, reader: str, problems: Sequence[str], subject: str = "table") -> None:
        self.reader = reader
        self.problems = tuple(problems)
        self.subject = subject
        lines = "\n".join(f"- {problem}" for problem in self.problems)
        super().__init__(f"{reader} cannot read this {subject}:\n{lines}")

    def __reduce__(self) -> tuple[type[DataError], tuple[str, tuple[str, ...], str]]:
        """Pickle by the arguments, not by the message made from them."""
        return type(self), (self.reader, self.problems, self.subject)


class ParameterError(CrmModelsError, ValueError):
    """A parameter is out of range."""

    @classmethod
    def must_be(cls, owner: str, name: str, must: str, got: object) -> ParameterError:
        """Word the refusal of one value.

        Parameters
        ----------
        owner, name : str
            Whose parameter, and which.
        must : str
            What it must be.
        got : object
            What came.

        Returns
        -------
        ParameterError
            The error to raise.
        """
        return cls(f"{owner}({name}=...) must be {must}; got {got!r}.")

    @classmethod
    def unknown_choice(cls, owner: str, name: str, choices: Iterable[str], got: object) -> ParameterError:
        """Word the refusal of a name that is not among the choices.

        Parameters
        ----------
        owner, name : str
            Whose parameter, and which.
        choices : iterable of str
            What it may be.
        got : object
            What came.

        Returns
        -------
        ParameterError
            The error to raise.
        """
        listed = ", ".join(repr(choice) for choice in choices)
        return cls.must_be(owner, name, f"one of {listed}", got)


class NotFittedError(CrmModelsError, RuntimeError):
    """The model holds no fitted record yet."""

    @classmethod
    def before(cls, model: str, verb: str) -> NotFittedError:
        """Word the refusal of a verb that needs a fitted model.

        Parameters
        ----------
        model : str
            The model's class.
        verb : str
            What was asked for.

        Returns
        -------
        NotFittedError
            The error to raise.
        """
        return cls(f"{model} is not fitted yet, so {verb} has nothing to work with; call {model}.fit(data) first.")


class ConvergenceError(CrmModelsError, RuntimeError):
    """An optimiser stopped without an answer."""

    @classmethod
    def because(cls, model: str, reasons: Sequence[str]) -> ConvergenceError:
        """Word why a model has no best parameters for its data, as a check-list.

        Parameters
        ----------
        model : str
            The model's class.
        reasons : sequence of str
            What the data show, and what to do about it.

        Returns
        -------
        ConvergenceError
            The error to raise.
        """
        lines = "\n".join(f"- {reason}" for reason in reasons)
        return cls(f"{model} found no best parameters for these data; check them for:\n{lines}")


class SavedFormatError(CrmModelsError, ValueError):
    """A saved model cannot be read: not JSON, an unknown format or class, or damaged."""

    @classmethod
    def damaged(cls, model: str, cause: Exception) -> SavedFormatError:
        """Word the refusal of a document that has the form of a saved model and cannot be one.

        Parameters
        ----------
        model : str
            The model's class.
        cause : Exception
            What went wrong on reading it.

        Returns
        -------
        SavedFormatError
            The error to raise.
        """
        return cls(f"this saved {model} is damaged ({type(cause).__name__}: {cause}); save the model again")


class HookError(CrmModelsError, TypeError):
    """A hook of a model gave what the interface does not admit; the author of the model has to change it."""

    @classmethod
    def gave(cls, model: str, hook: str, what: str, do: str) -> HookError:
        """Word what a hook gave, and what it must give.

        Parameters
        ----------
        model : str
            The model's class.
        hook : str
            The hook.
        what : str
            What it gave.
        do : str
            What it must do.

        Returns
        -------
        HookError
            The error to raise.
        """
        return cls(f"{model}.{hook} gave {what}; {do}")


class MissingDependencyError(CrmModelsError, ImportError):
    """An optional package that the call needs is not installed."""

    @classmethod
    def needed(cls, what: str, package: str, extra: str | None = None) -> MissingDependencyError:
        """Word what needs which package, and the command that installs it.

        Parameters
        ----------
        what : str
            What was asked for.
        package : str
            The package it needs.
        extra : str, optional
            The extra of crmmodels that brings the package.

        Returns
        -------
        MissingDependencyError
            The error to raise.
        """
        target = package if extra is None else f"'crmmodels[{extra}]'"
        return cls(
            f"{what} needs the package {package!r}, which is not installed; install it with: python -m pip install {target}"
        )


class CrmModelsWarning(UserWarning):
    """Base of every warning issued by crmmodels."""


class NegativeSpendWarning(CrmModelsWarning):
    """Some customers returned more money than they spent."""


class ReturnsOnlyWarning(CrmModelsWarning):
    """Some customers have returns and no order, so they are left out."""


class DuplicatesWarning(CrmModelsWarning):
    """Rows of an order log repeat another in every column, and all but one of them were left out, as was asked."""


class MissingRowsWarning(CrmModelsWarning):
    """Rows of an order log miss a customer, a time or an amount, and were left out, as was asked."""


class StrayDateWarning(CrmModelsWarning):
    """A few orders lie long before or after all others: perhaps a date was mistyped, and it moves all ages."""


class OrderIdWarning(CrmModelsWarning):
    """Lines of one order id lie weeks apart and count as one order: perhaps the numbers are used again."""


class UnitPriceWarning(CrmModelsWarning):
    """The amounts are of a column named as a price, beside quantities: perhaps they are prices of one unit."""


class UnitWarning(CrmModelsWarning):
    """The ages look as if they were in another unit than the model says."""


class FewCustomersWarning(CrmModelsWarning):
    """There are too few customers for the estimates to mean much."""


class BoundaryWarning(CrmModelsWarning):
    """The likelihood rises up to the bound of a parameter: the data do not tell it, and a simpler model fits as well."""


class SpendCorrelationWarning(CrmModelsWarning):
    """Spend per order depends on how often customers order, where the model assumes that it does not."""


class HeavyTailWarning(CrmModelsWarning):
    """Spend per order varies so much between customers that their population has no mean."""


class OneCohortWarning(CrmModelsWarning):
    """All customers first ordered in one month, so that one benchmark serves all later months."""


class OneValueWarning(CrmModelsWarning):
    """A measure has one value only, so that it tells no customers apart."""


class UnconvergedWarning(CrmModelsWarning):
    """The maximisation of a likelihood stopped at its limit of iterations while it still gained."""


class ImportanceWarning(CrmModelsWarning):
    """The importance weights of posterior draws are so uneven that the draws do not represent the posterior well."""


class NegativeWeightWarning(CrmModelsWarning):
    """An item has a negative weight, so that an index falls where its answers rise: perhaps it is reversed."""


class MissingGlyphWarning(CrmModelsWarning):
    """No installed font has the characters that a plot's labels need."""


def warn(concern: CrmModelsWarning) -> None:
    """Issue a warning that points at the first line outside this package: the user's.

    Parameters
    ----------
    concern : CrmModelsWarning
        The warning.
    """
    package = __name__.partition(".")[0]
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    warnings.warn(concern, stacklevel=level)
