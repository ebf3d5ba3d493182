import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from finitecover.reporting.figures import accuracies, condensation, covers, proofs, style
from finitecover.reporting.figures.registry import DRAWN
from finitecover.reporting.statistics import at_training_eps, summarise, with_gates
from finitecover.study.figures import FIGURES
from running import ROOT
from unit.reporting.test_statistics import runs
from unit.reporting.test_summaries import gates


@pytest.fixture(autouse=True)
def closed():
    yield
    style.plt.close("all")


SUMMARY = with_gates(summarise(runs()), gates())
TABLE = at_training_eps(SUMMARY, {"d": {"linf": "8/255"}})
KINDS = {"pgd": ("pgd", "linf")}


def drawn():
    frontier = pd.DataFrame(
        {"label": [0, 0, 1, 1], "points": 9, "radius": [1, 2, 1, 2], "size": [5, 1, 4, 1], "lower_bound": [4, 1, 4, 1]}
    )
    images = np.random.default_rng(0).random((4, 1, 5, 5))
    snapshots = np.zeros(2, dtype=[("iteration", np.int64), ("image", np.float32, (3, 3, 5, 5))])
    histories = pd.DataFrame(
        {
            "method": ["dm"] * 2 + ["dc"] * 2,
            "ipc": [1, 1, 2, 2],
            "seed": 0,
            "iteration": [1, 2] * 2,
            "loss": [4, 2, 3, 1],
        }
    )
    cell = {"dataset": "d", "training": "t", "model": "m", "norm": "l2", "gate_failed": False}
    sets = {"training_set": "mfc-ipc9", "cover": "mfc-ipc9"}
    shares = {"drawn_direct": [1, 0.5], "transferred": [0.8, 0.2], "transferred_beyond_centres": [0.3, 0]}
    losses = {"all_attack": [1, 0.5], "cover_attack": [2, 1], "all_certified": np.nan, "cover_certified": [9, 3]}
    pairs = pd.DataFrame({"source": list("aabb"), "target": list("abab"), "accuracy": [0.1, 0.5, 0.6, 0.2]})
    return {
        "certificates": proofs.certificates(pd.DataFrame({**cell, **sets, "eps": ["0", "1/2"], **shares})),
        "bounds": proofs.bounds(pd.DataFrame({**cell, **sets, "eps": 0.5, "step": [5, 9], "chance": 2.3, **losses})),
        "transfer": proofs.transfer(pairs.assign(**cell, eps="1/2")),
        "tradeoff": accuracies.tradeoff(TABLE, KINDS),
        "budgets": accuracies.budgets(
            pd.concat([TABLE, TABLE.assign(ipc=TABLE["ipc"] * 2, mean=TABLE["mean"] / 2)]), KINDS
        ),
        "sizes": accuracies.sizes(SUMMARY, KINDS, "worst"),
        "costs": accuracies.costs(TABLE, KINDS, {("d", "mfc-ipc10"): 100}),
        "architectures": accuracies.architectures(pd.concat([TABLE, TABLE.assign(model="n", mean=0.25)]), KINDS),
        "frontier": covers.frontier({"d": frontier}, "l2"),
        "images": covers.image_grid({"mfc": (images, np.array([0, 0, 1, 1])), "dm": (images[:2], np.array([0, 1]))}),
        "condensation": condensation.condensation(histories, {"dm-ipc1": snapshots, "dc-ipc1": snapshots}),
    }


def test_the_same_table_gives_the_same_bytes(tmp_path):
    style.style()
    for attempt in ("one", "two"):
        for name, figure in drawn().items():
            style.save(figure, tmp_path / f"{name}-{attempt}.pdf", tmp_path / f"{name}-{attempt}.png")
    for name in drawn():
        for suffix in ("pdf", "png"):
            one, two = (tmp_path / f"{name}-{attempt}.{suffix}" for attempt in ("one", "two"))
            assert one.read_bytes() == two.read_bytes()
            assert one.stat().st_size > 2000


def test_every_point_of_the_tradeoff_lies_where_the_table_says():
    axis = drawn()["tradeoff"].axes[0]
    points = {(line.get_xdata()[0], line.get_ydata()[0]) for line in axis.lines if line.get_linestyle() == "None"}
    assert sorted(points) == [pytest.approx((81, 41)), pytest.approx((91, 51))]


@pytest.mark.parametrize(("kind", "filling"), [("pgd", "full"), ("standard", "none")])
def test_markers_of_standard_training_alone_are_open(kind, filling):
    axis = accuracies.tradeoff(TABLE, {"pgd": (kind, None)}).axes[0]
    assert {line.get_fillstyle() for line in axis.lines if line.get_linestyle() == "None"} == {filling}


def test_accuracies_lie_where_the_table_says_against_budget_size_and_cost_and_across_networks():
    figures_ = drawn()
    budgets = figures_["budgets"].axes[0]
    assert [line.get_ydata()[0] for line in budgets.lines[:1]] == [pytest.approx(51)]  # all images: a level line
    assert budgets.lines[1].get_xdata().tolist() == [10, 20]
    assert budgets.lines[1].get_ydata().tolist() == pytest.approx([41, 20.5])
    sizes = {tuple(line.get_xdata()): list(line.get_ydata()) for line in figures_["sizes"].axes[0].lines}
    assert sizes == {(0, 4 / 255, 8 / 255): pytest.approx([81, 61, 41])}
    (legend,) = figures_["sizes"].legends
    assert [text.get_text() for text in legend.texts][-1] == "pgd"  # and no standard training, of which there is none
    points = [line for line in figures_["costs"].axes[0].lines if line.get_marker() not in ("None", None)]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in points] == [(100, pytest.approx(41))]
    assert [text.get_text() for text in figures_["architectures"].axes[0].texts] == ["51", "25", "41", "25"]


def test_certificates_bounds_and_transfer_lie_where_their_tables_say():
    figures_ = drawn()
    lines = figures_["certificates"].axes[0].lines
    assert [line.get_xdata().tolist() for line in lines] == [[0, 0.5]] * 3
    assert [line.get_ydata().tolist() for line in lines] == [[100, 50], [80, 20], [30, 0]]
    losses = [line.get_ydata() for line in figures_["bounds"].axes[0].lines]
    assert [list(line) for line in losses] == [[1, 0.5], [2, 1], [9, 3], [2.3, 2.3]]  # no line for what there is not
    shown = [text.get_text() for text in figures_["transfer"].axes[0].texts]
    assert shown == ["10", "60", "50", "20"]  # a row per model attacked


def colours(axis):
    return {line.get_color() for line in axis.lines if line.get_marker() not in ("None", None)}


def test_what_is_at_chance_is_grey_whatever_made_it():
    table = TABLE.assign(at_chance=TABLE["method"] == "mfc")
    size = SUMMARY.assign(at_chance=lambda rows: rows["method"] == "mfc")
    seconds = {("d", "mfc-ipc10"): 100}
    drawn_ = [accuracies.tradeoff(table, KINDS), accuracies.budgets(table, KINDS)]
    drawn_ += [accuracies.costs(table, KINDS, seconds), accuracies.sizes(size, KINDS, "worst")]
    for figure in drawn_:
        assert style.AT_CHANCE in colours(figure.axes[0])
        assert "at chance" in [text.get_text() for text in figure.legends[0].texts]
    shares = pd.DataFrame({"m": [0.2, 0.6]}, index=["a", "b"])
    _, axis = style.plt.subplots()
    style.heat_map(axis, shares, grey=shares < 0.5)
    (patch,) = axis.patches
    assert (patch.get_xy(), style.mpl.colors.to_hex(patch.get_facecolor())) == ((0, 0), style.AT_CHANCE.lower())


def test_a_norm_that_nothing_was_trained_against_has_no_panel_of_its_own_but_a_tradeoff():
    l2 = TABLE[TABLE["measure"] == "linf"].assign(measure="l2")
    both = pd.concat([TABLE, l2])
    titles = {
        name: [axis.get_title().split(", ")[1] for axis in drawn.axes]
        for name, drawn in {
            "tradeoff": accuracies.tradeoff(both, KINDS),
            "budgets": accuracies.budgets(both, KINDS),
            "costs": accuracies.costs(both, KINDS, {}),
            "architectures": accuracies.architectures(both, KINDS),
            "sizes": accuracies.sizes(pd.concat([SUMMARY, SUMMARY.assign(norm="l2")]), KINDS, "pgd"),
        }.items()
    }
    linf, l2 = style.NORM_NAMES["linf"], style.NORM_NAMES["l2"]
    assert titles.pop("tradeoff") == [linf, l2]
    assert all(shown == [linf] for shown in titles.values())


def test_several_networks_have_a_panel_each():
    both = pd.concat([TABLE, TABLE.assign(model="n", mean=0.25)])
    for drawn_ in (
        accuracies.tradeoff(both, KINDS),
        accuracies.budgets(both, KINDS),
        accuracies.costs(both, KINDS, {}),
    ):
        assert [axis.get_title().split(", ")[1] for axis in drawn_.axes] == [*dict.fromkeys(TABLE["model"]), "n"]


def test_bounds_have_a_row_per_cover_and_a_column_per_training():
    cell = {"dataset": "d", "model": "m", "norm": "l2", "eps": "1/2", "step": 5, "chance": 2.3, "gate_failed": False}
    losses = {"all_attack": 1, "cover_attack": 2, "all_certified": np.nan, "cover_certified": np.nan}
    table = pd.DataFrame({"training": ["t", "u", "t"], "training_set": ["a", "a", "b"], **cell, **losses})
    axes = proofs.bounds(table).axes
    assert [axis.get_title() for axis in axes] == ["t", "u", "", ""]
    assert [axis.get_ylabel().splitlines()[1] for axis in axes[::2]] == ["a, m", "b, m"]
    assert [[text.get_text() for text in axis.texts] for axis in axes] == [[], [], [], ["not run"]]


def test_a_frontier_joins_what_several_searches_know():
    rows = [(0, 9, 1, 5, 4), (0, 9, 2, 1, 1), (0, 9, 1.5, 6, 1), (0, 9, 3, 1, 2)]
    table = pd.DataFrame(rows, columns=["label", "points", "radius", "size", "lower_bound"])
    cover, bound = covers.frontier({"d": table}, "l2").axes[0].lines
    assert cover.get_xdata().tolist() == [1, 1.5, 2, 3]
    assert cover.get_ydata().tolist() == [5, 5, 1, 1]
    assert bound.get_ydata().tolist() == [4, 2, 2, 2]


def test_known_methods_keep_colour_and_marker_whatever_is_beside_them():
    order = yaml.safe_load((ROOT / "config/config.yaml").read_text())["figures"]["methods"]
    few, many = style.palette(["mfc", "random"], order), style.palette(["new", "dm", "mfc", "random", "another"], order)
    for kind in (0, 1):
        assert few[kind]["mfc"] == many[kind]["mfc"]
        assert few[kind]["random"] == many[kind]["random"]
    shown = {(many[0][name], many[1][name]) for name in many[0]}
    assert len(shown) == 5
    assert len(set(style.palette(order, order)[0].values())) == len(order)


def test_losses_are_relative_to_the_first_and_images_follow_the_iterations():
    figure = drawn()["condensation"]
    losses, *cells = figure.axes
    assert [line.get_ydata().tolist() for line in losses.lines] == [[1, 0.5], [1, 1 / 3]]
    assert [cell.get_title() for cell in cells] == ["iteration 0"] * 4
    # three images of 5x5 in two rows, a white line between, white where there is no fourth
    page = cells[0].images[0].get_array()
    assert page.shape == (11, 11, 3)
    assert page[:5, :5].max() == 0
    assert page[5].min() == page[6:, 6:].min() == 1


def test_sizes_of_perturbations_are_written_as_the_config_has_them():
    (axis,) = accuracies.sizes(SUMMARY, KINDS, "pgd").axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "8/255"]


def test_every_figure_of_the_whole_study_has_an_entry_that_names_its_tables_and_a_way_to_be_drawn():
    assert set(DRAWN) == {name for name, figure in FIGURES.items() if figure.tables}
    study = {"training_eps": {"d": {"linf": "8/255"}}, "kinds": {"pgd": ["pgd", "linf"]}, "attack": "pgd", "order": []}
    for name in ("tradeoff", "budgets", "sizes", "architectures"):
        assert DRAWN[name]({"summary": summarise(runs()), "gates": gates()}, study).axes


def mark(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts if "†" in text.get_text()]


def test_what_a_gate_failed_for_has_a_mark_in_every_figure():
    study = {"training_eps": {"d": {"linf": "8/255"}}, "kinds": KINDS, "attack": "pgd", "order": []}
    costs = {"rule": "solve_cover", "dataset": "d", "training_set": "mfc-ipc10", "model": "", "seconds": 1.0}
    costs |= {"core_seconds": 1.0, "max_rss_mib": 1.0, "images_seen": np.nan, "gradient_evaluations": np.nan}
    models = {"dataset": "d", "training": "pgd", "model": "m", "training_set": "mfc-ipc10"}
    sides = [(source, target) for source in ("full", "mfc-ipc10") for target in ("full", "mfc-ipc10")]
    attacked = pd.DataFrame(sides, columns=["source", "target"]).assign(
        **models, norm="linf", eps="8/255", accuracy=0.2
    )
    shares = {"drawn_direct": 0.5, "transferred": 0.4, "transferred_beyond_centres": 0.1, "cover": "mfc-ipc10"}
    losses = {"all_attack": 1, "cover_attack": 2, "all_certified": 3, "cover_certified": 4, "chance": 2.3, "step": 5}
    tables = {
        "summary": summarise(runs()),
        "costs": pd.DataFrame([costs]),
        "transfer": attacked,
        "certificates": pd.DataFrame([models | shares | {"norm": "linf", "eps": "8/255"}]),
        "bounds": pd.DataFrame([models | losses | {"norm": "linf", "eps": "8/255"}]),
    }
    marks = {"transfer": [], "architectures": ["41†"]}  # transferred attacks: beside the names of models
    for name in DRAWN:
        tables["gates"] = gates()
        assert mark(DRAWN[name](tables, study)) == [], name
        tables["gates"] = gates(method="mfc")
        figure = DRAWN[name](tables, study)
        assert sorted(set(mark(figure))) == marks.get(name, ["†"]), name
        assert "†" in FIGURES[name].caption
    tables["gates"] = gates(method="full")  # all images are a level line
    for name in ("budgets", "costs"):
        assert mark(DRAWN[name](tables, study)) == ["†"], name
    tables["gates"] = gates(method="mfc")
    figure = DRAWN["transfer"](tables, study)
    for labels in (figure.axes[0].get_xticklabels(), figure.axes[0].get_yticklabels()):
        assert [label.get_text() for label in labels] == ["full", "mfc-ipc10†"]


def test_the_shell_of_a_notebook_and_a_style_of_the_users_change_no_figure(monkeypatch):
    code = "import finitecover.reporting.figures.registry, matplotlib; print(matplotlib.get_backend())"
    environment = os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONPATH": "scripts"}
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert process.stdout == "agg\n", process.stderr
    style.mpl.rcParams["text.usetex"] = True
    style.style()
    assert not style.mpl.rcParams["text.usetex"]


def test_matplotlib_is_imported_where_its_backend_is_chosen_and_nowhere_before():
    for path in (ROOT / "scripts").rglob("*.py"):
        if path.name != "style.py":
            assert not re.search(r"^\s*(import|from) (matplotlib|seaborn)", path.read_text(), re.M), path
