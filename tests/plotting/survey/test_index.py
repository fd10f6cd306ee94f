from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import crmmodels as crm
from crmmodels.models.structural.groups import GroupComparison
from crmmodels.plotting.survey.index import plot_index


@pytest.fixture(scope="module")
def comparison(survey, survey_model):
    return survey_model().compare_groups(survey.answers, by="group", n_permutations=40)


def widths_of(ax):
    """Lengths of the bars by group, from top to bottom."""
    return [[bar.get_width() for bar in bars] for bars in ax.containers]


def limits_of(ax):
    """Lower and upper end of the dark lines that lie along bars."""
    lines = [lines for lines in ax.collections if lines.get_linewidth()[0] < 2]
    return [tuple(line[:, 0]) for one in lines for line in one.get_segments() if line[0, 1] == line[1, 1]]


def test_bars_are_the_index_of_each_construct_with_its_limits(survey_model, drawn):
    model = survey_model()
    ax = drawn(plot_index(model))
    index = model.fitted.index
    assert widths_of(ax) == [index["estimate"].tolist()]
    assert limits_of(ax) == list(zip(index["lower"], index["upper"], strict=True))
    assert [label.get_text() for label in ax.get_yticklabels()] == index["construct"].tolist()
    assert [text.get_text() for text in ax.texts] == [f"{value:.1f}" for value in index["estimate"]]
    assert ax.get_xlim() == (0, 100)
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert ax.get_xlabel() == "Index, 0 to 100 (95% limits)"


def test_bars_by_group_are_those_of_the_comparison(survey_model, comparison, drawn):
    ax = drawn(plot_index(survey_model(), comparison))
    index = comparison.index
    groups = index["group"].unique()
    assert widths_of(ax) == [index.loc[index["group"] == group, "index"].tolist() for group in groups]
    assert sorted(limits_of(ax)) == sorted(zip(index["lower"], index["upper"], strict=True))
    sizes = index.drop_duplicates("group").set_index("group")["n_respondents"]
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == [f"{name} (n = {n})" for name, n in sizes.items()]
    colours = {bars[0].get_facecolor() for bars in ax.containers}
    assert len(colours) == len(groups)


def test_bars_of_one_row_do_not_cover_each_other(survey_model, comparison):
    ax = plot_index(survey_model(), comparison)
    ends = sorted((bar.get_y(), bar.get_y() + bar.get_height()) for bars in ax.containers for bar in bars)
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))


def test_one_construct_has_a_row_per_group_best_first(survey_model, comparison, drawn):
    ax = drawn(plot_index(survey_model(), comparison, construct="loyalty"))
    own = comparison.index[comparison.index["construct"] == "loyalty"].sort_values("index", ascending=False)
    assert widths_of(ax) == [own["index"].tolist()]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        f"{row.group} (n = {row.n_respondents})" for row in own.itertuples()
    ]
    assert ax.get_title() == "Index of loyalty by group"


def test_one_construct_of_all_respondents(survey_model):
    ax = plot_index(survey_model(), construct="loyalty")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["loyalty"]


def test_without_replicates_it_says_that_there_are_no_limits(survey_model):
    ax = plot_index(survey_model(0))
    assert limits_of(ax) == []
    assert ax.get_xlabel().endswith("(no replicates, so no limits)")


def test_the_number_stands_right_of_a_short_bar(survey_model, comparison, drawn):
    index = comparison.index.assign(index=np.linspace(0.5, 99.5, len(comparison.index)), lower=np.nan, upper=np.nan)
    other = GroupComparison(index, comparison.index_differences, comparison.path_differences, comparison.invariance)
    ax = drawn(plot_index(survey_model(), other))
    bars = {round(bar.get_y() + bar.get_height() / 2, 6): bar.get_width() for bars in ax.containers for bar in bars}
    for text in ax.texts:
        x, y = text.get_position()
        width = bars[round(y, 6)]
        assert text.get_text() == f"{width:.1f}"
        assert x < width if width > 20 else x > width


def test_groups_may_be_numbers(survey, survey_model, drawn):
    answers = survey.answers.assign(branch=np.arange(len(survey.answers)) % 7)
    found = survey_model().compare_groups(answers, by="branch", n_permutations=5)
    with pytest.raises(crm.ParameterError) as refusal:
        plot_index(survey_model(), found)
    assert "since 7 groups of bars on each of their rows are too many; got None" in str(refusal.value)
    ax = drawn(plot_index(survey_model(), found, construct="satisfaction"))
    assert len(ax.get_yticklabels()) == 7


def test_other_comparisons_and_constructs_are_refused(survey_model, template_model, comparison):
    with pytest.raises(crm.ParameterError) as refusal:
        plot_index(survey_model(), comparison.index)
    expected = "plot_index(comparison=...) must be what compare_groups of this model returns; got <class 'pandas"
    assert str(refusal.value).startswith(expected)
    with pytest.raises(crm.ParameterError, match="must be what compare_groups of this model returns"):
        plot_index(template_model("ecsi"), comparison)
    with pytest.raises(
        crm.ParameterError, match=r"^plot_index\(construct=...\) must be one of 'expectations', .*; got 'price'"
    ):
        plot_index(survey_model(), construct="price")
