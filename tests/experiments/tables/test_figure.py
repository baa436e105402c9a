"""The figure of a sweep: what is drawn, and where."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import imread

from experiments.tables import figure as table_figure
from experiments.tables.accuracy import Accuracy
from experiments.tables.rows import Row

KINDS = ("both", "temporal", "spatial", "mixed")


def accuracy(score, seeds):
    seeds = np.array(seeds)
    return Accuracy(score, seeds, np.linspace(-0.02, 0.02, 1001) + seeds.mean())


def row(name, seeds, paper=None, declared=None):
    runs = ("a run",) if seeds else ()
    by_paper = {kind: accuracy("mean_nll", seeds) for kind in KINDS if seeds}
    others = {**by_paper, "spatial": accuracy("missing_z", declared)} if declared else {}
    return Row(name, name, paper, True, runs, by_paper, others)


ROWS = [row("ours", [0.91, 0.93, 0.95], 87.0, [0.8, 0.82, 0.84]), row("vpn", [], 82.1), row("weak", [0.42])]


@pytest.fixture(scope="module")
def panels(tmp_path_factory):
    """The drawn axes by corruption."""
    path, drawn, save = tmp_path_factory.mktemp("figure") / "a.png", [], Figure.savefig
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda self, *a, **k: (drawn.append(self), save(self, *a, **k)))
        table_figure.table_figure(path, ROWS)
    (figure,) = drawn
    assert imread(path).shape[1] == table_figure.WIDTH * table_figure.DPI
    return {axes.get_title(loc="left"): axes for axes in figure.axes}


def marks(axes, marker):
    """Where a panel has marks of a kind: accuracies by colour and place."""
    return {
        (to_hex(line.get_color()), round(float(y), 3)): np.round(line.get_xdata(), 6).tolist()
        for line in axes.lines
        if line.get_marker() == marker
        for y in [line.get_ydata()[0]]
    }


def test_seeds_means_and_intervals_lie_at_their_accuracies(panels):
    assert tuple(panels) == KINDS
    blue = table_figure.PAPER_SCORE
    for kind in ("both", "temporal", "mixed"):
        assert marks(panels[kind], "o") == {(blue, 0): [91, 93, 95], (blue, 2): [42]}
        assert marks(panels[kind], "|") == {(blue, 0): [93], (blue, 2): [42]}
    intervals = marks(panels["both"], "None")
    assert intervals[blue, 0] == pytest.approx([93 - 1.9, 93 + 1.9])


def test_the_declared_score_lies_beside_the_papers(panels):
    blue, orange, offset = table_figure.PAPER_SCORE, table_figure.DECLARED_SCORE, table_figure.OFFSET
    assert marks(panels["spatial"], "|") == {(blue, -offset): [93], (orange, offset): [82], (blue, 2): [42]}


def test_the_papers_figures_stand_in_one_panel(panels):
    assert sorted(sum(marks(panels["both"], "D").values(), [])) == [82.1, 87.0]
    assert not any(marks(panels[kind], "D") for kind in KINDS[1:])


def test_all_is_inside_the_axes_with_the_first_row_on_top(panels):
    for axes in panels.values():
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert left < 40 and right > 100 and top < 0 < 2 < bottom
        assert [text.get_text() for text in axes.texts].count("not measured") == 1
    assert [label.get_text() for label in panels["both"].get_yticklabels()] == ["ours", "vpn", "weak"]
