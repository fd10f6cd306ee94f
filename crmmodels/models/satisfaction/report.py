"""What a manager reads: dials, what to improve first, then the technical tables."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import pandas as pd

from crmmodels._frozen import FrozenMapping
from crmmodels._typing import Language
from crmmodels.models.satisfaction.dials import Dial, dial_svg
from crmmodels.models.structural.record import StructuralFit
from crmmodels.models.structural.templates.template import Template

_WORDS: Final[Mapping[str, Mapping[str, str]]] = FrozenMapping(
    {
        "en": FrozenMapping(
            {
                "between": "{level:.0%}: {lower:.1f} to {upper:.1f}",
                "base": "{n:,} respondents",
                "left_out": "{n:,} left out",
                "replaced": "{share:.1%} of the answers were missing",
                "no_limits": "without limits; set n_bootstrap for them",
                "first": "What to improve first",
                "first_note": "By points of satisfaction to be had: importance times the way left to 100.",
                "best": "Begin with {name}: one point more raises satisfaction by {importance:.2f} points, and it stands at {performance:.1f}.",
                "columns": "Driver|What it asks|Index|Importance|Points to be had",
                "technical": "For specialists",
                "paths": "Paths between standardised constructs",
                "against": "against theory",
                "quality": "Measurement",
                "r_squared": "Explained variance",
                "htmt": "Pairs that are hard to tell apart (HTMT above 0.9)",
                "htmt_none": "No pair of constructs has an HTMT above 0.9.",
                "loadings": "Loadings and weights",
                "source": "Model",
            }
        ),
        "zh": FrozenMapping(
            {
                "between": "{level:.0%}：{lower:.1f} 至 {upper:.1f}",
                "base": "{n:,} 位受访者",
                "left_out": "剔除 {n:,} 位",
                "replaced": "{share:.1%} 的回答缺失",
                "no_limits": "无区间；请设置 n_bootstrap",
                "first": "优先改进什么",
                "first_note": "按可提升的满意度点数排序：重要性乘以距 100 的差距。",
                "best": "先改进{name}：每提高一点，满意度提高 {importance:.2f} 点；目前为 {performance:.1f}。",
                "columns": "驱动因素|测量内容|指数|重要性|可提升点数",
                "technical": "供专业人员",
                "paths": "标准化构念之间的路径",
                "against": "与理论相反",
                "quality": "测量质量",
                "r_squared": "解释方差",
                "htmt": "难以区分的构念对（HTMT 大于 0.9）",
                "htmt_none": "没有 HTMT 大于 0.9 的构念对。",
                "loadings": "载荷与权重",
                "source": "模型",
            }
        ),
    }
)
_ALIKE: Final = 0.9
_CELL: Final = "padding:.25em .8em .25em 0;text-align:left;vertical-align:top"
_BAR: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What the parts of the report have in common."""

    fitted: StructuralFit
    template: Template
    language: Language

    @property
    def words(self) -> Mapping[str, str]:
        return _WORDS[self.language]

    def name(self, construct: str) -> str:
        found = self.template.find(construct)
        if found is None:
            return construct
        return found.zh if self.language == "zh" else found.name.replace("_", " ")

    def limits(self, row: Mapping[Any, Any]) -> str:
        if self.fitted.bootstrap is None or not isfinite(row["lower"]):
            return ""
        return self.words["between"].format(level=self.fitted.bootstrap.level, lower=row["lower"], upper=row["upper"])


def report(
    fitted: StructuralFit,
    template: Template,
    improve: pd.DataFrame | None,
    index: pd.DataFrame,
    *,
    language: Language,
    bands: Sequence[float],
) -> str:
    """The report of a satisfaction index, as HTML without scripts in which every value is escaped; ``improve`` is None where nothing drives it."""
    page = _Page(fitted=fitted, template=template, language=language)
    parts = [_heading(page), _dials(page, index, bands)]
    if improve is not None:
        parts.append(_drivers(page, improve))
    return f'<div style="max-width:62em">{"".join(parts)}{_technical(page)}</div>'


def _heading(page: _Page) -> str:
    fitted, words = page.fitted, page.words
    notes = [words["base"].format(n=fitted.n_respondents)]
    if fitted.n_left_out:
        notes.append(words["left_out"].format(n=fitted.n_left_out))
    if fitted.share_replaced:
        notes.append(words["replaced"].format(share=fitted.share_replaced))
    if fitted.bootstrap is None:
        notes.append(words["no_limits"])
    title = page.template.zh if page.language == "zh" else page.template.title
    return f"<h3>{html.escape(title)}</h3><p>{html.escape('; '.join(notes))}</p>"


def _dials(page: _Page, index: pd.DataFrame, bands: Sequence[float]) -> str:
    has_limits = "lower" in index.columns
    shown = []
    for construct, row in index.to_dict("index").items():
        lower, upper = (row["lower"], row["upper"]) if has_limits else (None, None)
        words = page.limits(row) if has_limits else ""
        dial = Dial(name=page.name(str(construct)), value=row["index"], lower=lower, upper=upper, words=words)
        shown.append(dial_svg(dial, bands))
    return f'<div style="display:flex;flex-wrap:wrap;gap:6px">{"".join(shown)}</div>'


def _drivers(page: _Page, improve: pd.DataFrame) -> str:
    words, rows = page.words, improve.to_dict("records")
    best = rows[0]
    advice = words["best"].format(
        name=page.name(best["construct"]), importance=best["importance"], performance=best["performance"]
    )
    reach = max(1e-9, *(row["gain"] for row in rows))
    body = []
    for row in rows:
        found = page.template.find(row["construct"])
        bar = f'<div style="height:.7em;width:{_BAR * max(row["gain"], 0.0) / reach:.0f}px;background:#3d6b8c"></div>'
        cells = (page.name(row["construct"]), "" if found is None else found.asks, f"{row['performance']:.1f}")
        numbers = (f"{row['importance']:.2f}", f"{row['gain']:.1f}")
        body.append(_row([html.escape(cell) for cell in (*cells, *numbers)], bar))
    head = _row([html.escape(column) for column in words["columns"].split("|")], "", "th")
    return (
        f"<h4>{html.escape(words['first'])}</h4><p>{html.escape(advice)}</p><table>{head}{''.join(body)}</table>"
        f'<p style="color:#5b6770">{html.escape(words["first_note"])}</p>'
    )


def _row(cells: Iterable[str], last: str, kind: str = "td") -> str:
    joined = "".join(f'<{kind} style="{_CELL}">{cell}</{kind}>' for cell in (*cells, last))
    return f"<tr>{joined}</tr>"


def _technical(page: _Page) -> str:
    fitted, words = page.fitted, page.words
    signs = {(path.source, path.target): path.sign for path in page.template.paths}
    paths = _named(page, fitted.paths, ("source", "target"))
    against = [
        words["against"] if signs.get((source, target), 0) * value < 0 else ""
        for source, target, value in zip(fitted.paths["source"], fitted.paths["target"], fitted.paths["estimate"], strict=True)
    ]
    if any(against):
        paths = paths.assign(**{"": against})
    alike = fitted.htmt[fitted.htmt["estimate"] > _ALIKE]
    reliability = fitted.reliability.reset_index()
    loadings = fitted.loadings.assign(index_weight=fitted.index_weights["estimate"])
    tables = (
        (words["paths"], _table(paths)),
        (words["r_squared"], _table(_named(page, fitted.r_squared, ("construct",)))),
        (words["quality"], _table(_named(page, reliability, ("construct",)))),
        (
            words["htmt"],
            _table(_named(page, alike, ("construct", "other"))) if len(alike) else f"<p>{html.escape(words['htmt_none'])}</p>",
        ),
        (words["loadings"], _table(_named(page, loadings, ("construct",)))),
        (words["source"], f"<p>{html.escape(page.template.source)}</p>"),
    )
    body = "".join(f"<h5>{html.escape(title)}</h5>{table}" for title, table in tables)
    return f"<details><summary>{html.escape(words['technical'])}</summary>{body}</details>"


def _named(page: _Page, table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    return table.assign(**{column: [page.name(construct) for construct in table[column]] for column in columns})


def _table(table: pd.DataFrame) -> str:
    head = _row([html.escape(str(column)) for column in table.columns], "", "th")
    body = [
        _row([html.escape(f"{cell:.3f}" if isinstance(cell, float) else str(cell)) for cell in row], "")
        for row in table.itertuples(index=False, name=None)
    ]
    return f"<table>{head}{''.join(body)}</table>"
