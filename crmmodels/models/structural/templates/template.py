"""A structural model as a value: constructs, paths, expected signs and the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crmmodels.exceptions import ParameterError
from crmmodels.kernels.pls.design import Mode

_OWNER = "Template"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateConstruct:
    """A construct of a template.

    Attributes
    ----------
    name : str
        Its name in parameters and answers, such as "satisfaction".
    zh : str
        Its name in Chinese.
    asks : str
        What its items ask.
    aliases : tuple of str
        Other names under which items may be declared: abbreviations, and what else the literature calls it.
    mode : {"A", "B", "sum"}
        "A" where items reflect the construct, "B" where they form it, "sum" for their plain sum.
    parts : tuple of str
        Constructs of which it is made, where it is of second order; it then has no items of its own.
    is_optional : bool
        Whether a survey may do without it.
    is_observed : bool
        Whether it may be one observed number without a scale, such as money.
    """

    name: str
    zh: str
    asks: str
    aliases: tuple[str, ...] = ()
    mode: Mode = "A"
    parts: tuple[str, ...] = ()
    is_optional: bool = False
    is_observed: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which it is known."""
        return (self.name, self.zh, *self.aliases)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePath:
    """A path of a template.

    Attributes
    ----------
    source, target : str
        Constructs; the source explains the target.
    sign : {1, -1, 0}
        Sign that theory expects; 0 where it depends on what the items ask.
    """

    source: str
    target: str
    sign: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A structural model of the literature: what is measured, what explains what, and who says so.

    Attributes
    ----------
    name : str
        Its name in ``template=``.
    title, zh : str
        What it is, in English and in Chinese.
    constructs : tuple of TemplateConstruct
        Causes before effects.
    paths : tuple of TemplatePath
        What explains what.
    source : str
        Where it was published.

    Raises
    ------
    ParameterError
        If a name stands for two constructs, or a path or part names none.
    """

    name: str
    title: str
    zh: str
    constructs: tuple[TemplateConstruct, ...]
    paths: tuple[TemplatePath, ...]
    source: str

    def __post_init__(self) -> None:
        """Check that every name has one meaning."""
        known = [construct.name for construct in self.constructs]
        spoken = Counter(folded(name) for construct in self.constructs for name in set(construct.names))
        if twice := sorted(name for name, n in spoken.items() if n > 1):
            raise ParameterError.must_be(_OWNER, "constructs", "constructs whose names and aliases all differ", twice)
        named = [end for path in self.paths for end in (path.source, path.target)]
        named += [part for construct in self.constructs for part in construct.parts]
        if unknown := sorted(set(named) - set(known)):
            raise ParameterError.must_be(_OWNER, "paths", f"between constructs that are declared, {known}", unknown)

    def __str__(self) -> str:
        """Title, source, and what explains what, a line per construct."""
        lines = [f"{self.name}: {self.title} ({self.source})"]
        for construct in self.constructs:
            targets = [path.target for path in self.paths if path.source == construct.name]
            made = f" = {' + '.join(construct.parts)}" if construct.parts else ""
            leads = f" → {', '.join(targets)}" if targets else ""
            lines.append(f"  {construct.name} {construct.zh}{made}{leads}")
        return "\n".join(lines)

    def find(self, name: str) -> TemplateConstruct | None:
        """Look a construct up by any of its names, whatever the case.

        Parameters
        ----------
        name : str
            Name, Chinese name or alias.

        Returns
        -------
        TemplateConstruct or None
            None where no construct is called so.
        """
        wanted = folded(name)
        found = (construct for construct in self.constructs if wanted in map(folded, construct.names))
        return next(found, None)

    def path_pairs(self, constructs: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Paths between some of the constructs.

        Parameters
        ----------
        constructs : sequence of str
            Their names.

        Returns
        -------
        tuple of (str, str)
            Source and target.
        """
        return tuple((path.source, path.target) for path in self.paths if {path.source, path.target} <= set(constructs))


def folded(name: object) -> str:
    """A name as it is compared: without case, spaces and marks."""
    return "".join(c for c in str(name).casefold() if c not in " _-")
