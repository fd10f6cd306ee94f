"""How a model looks in a terminal and in a notebook."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

_WIDTH: Final = 76
_SHOWN: Final = 6


class Shown(str):
    """A value that is shown as it stands."""

    __slots__ = ()


@dataclasses.dataclass(frozen=True, slots=True)
class ModelView:
    """What a model shows of itself.

    Attributes
    ----------
    name : str
        The class.
    parameters : mapping of str to object
        All parameters.
    changed : frozenset of str
        Parameters that differ from their defaults.
    fitted : mapping of str to object, or None
        The fitted record; None before fit.
    score_columns : tuple of str
        Columns of score.
    labels : tuple of str
        Segment labels, worst first.
    """

    name: str
    parameters: Mapping[str, Any]
    changed: frozenset[str]
    fitted: Mapping[str, Any] | None
    score_columns: tuple[str, ...]
    labels: tuple[str, ...]


def view_of(model: Any) -> ModelView:
    """The parameters, fitted record, score columns and labels that a model shows."""
    fields = dataclasses.fields(model)
    parameters = {field.name: getattr(model, field.name) for field in fields}
    fitted: dict[str, Any] | None = None
    if model.is_fitted:
        record = model.fitted
        names = [field.name for field in dataclasses.fields(record)] if dataclasses.is_dataclass(record) else []
        own = record.view() if hasattr(record, "view") else {name: getattr(record, name) for name in names}
        fitted = dict(own) or {"record": record}
    return ModelView(
        type(model).__name__,
        parameters,
        frozenset(field.name for field in fields if parameters[field.name] != _default_of(field)),
        fitted,
        tuple(model.score_columns()),
        tuple(model.segment_labels()),
    )


def _default_of(field: dataclasses.Field[Any]) -> object:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def show_value(value: Any) -> str:
    """Return one parameter or fitted value in at most one line."""
    if isinstance(value, np.ndarray):
        if value.size > _SHOWN or value.ndim > 1:
            return f"array of {value.dtype}, shape {value.shape}"
        return "[" + ", ".join(show_value(item) for item in value.tolist()) + "]"
    if isinstance(value, bool | str) or value is None:
        return str(value) if isinstance(value, Shown) else repr(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, Mapping):
        text = "{" + ", ".join(f"{show_value(key)}: {show_value(item)}" for key, item in value.items()) + "}"
        return text if len(text) <= _WIDTH else f"of {', '.join(map(str, value))}"
    if isinstance(value, Sequence):
        text = "(" + ", ".join(show_value(item) for item in value) + ")"
        return text if len(text) <= _WIDTH else f"{len(value)} items"
    if dataclasses.is_dataclass(value) and not hasattr(value, "segment_labels"):
        inner = (f"{field.name}={show_value(getattr(value, field.name))}" for field in dataclasses.fields(value))
        text = f"{type(value).__name__}({', '.join(inner)})"
        return text if len(text) <= _WIDTH else type(value).__name__
    text = _call_of(value)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def text_view(view: ModelView) -> str:
    """The model as several lines of text."""
    arguments = ", ".join(f"{name}={_call_of(view.parameters[name])}" for name in view.parameters if name in view.changed)
    lines = [f"{view.name}({arguments})"]
    sections = _sections(view)
    width = max((len(name) for _, rows in sections for name, _ in rows), default=0)
    for title, rows in sections:
        lines.append(f"  {title}")
        lines += [f"    {name:<{width}}  {shown}".rstrip() for name, shown in rows]
    return "\n".join(lines)


def _call_of(value: object) -> str:
    """A parameter as it is written in a call; of a model within a model its first line, which is the call that makes it."""
    return repr(value).splitlines()[0] if hasattr(value, "segment_labels") else repr(value)


def html_view(view: ModelView) -> str:
    """The model as an HTML table without scripts; every value is escaped."""
    status = "not fitted" if view.fitted is None else "fitted"
    body = []
    for title, rows in _sections(view):
        body.append(f'<tr><th colspan="2" style="text-align:left;padding-top:.6em">{html.escape(title)}</th></tr>')
        body += [
            f'<tr><td style="text-align:left">{_emphasised(name, view)}</td>'
            f'<td style="text-align:left"><code>{html.escape(shown)}</code></td></tr>'
            for name, shown in rows
        ]
    return f"<div><b>{html.escape(view.name)}</b> <i>{status}</i><table>{''.join(body)}</table></div>"


def _emphasised(name: str, view: ModelView) -> str:
    text = html.escape(name)
    return f"<b>{text}</b>" if name in view.changed else text


def _sections(view: ModelView) -> list[tuple[str, list[tuple[str, str]]]]:
    parameters = [(name, show_value(value)) for name, value in view.parameters.items()]
    sections = [("parameters", parameters)] if parameters else []
    if view.fitted is None:
        sections.append(("not fitted: call fit(data)", []))
    else:
        sections.append(("fitted", [(name, show_value(value)) for name, value in view.fitted.items()]))
    answers = [("score", ", ".join(view.score_columns)), ("segment", " < ".join(view.labels))]
    sections.append(("answers", answers))
    return sections
