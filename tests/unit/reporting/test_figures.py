import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from finitecover.reporting.figures import accuracies, condensation, covers, proofs, style
from finitecover.reporting.figures.adversarial import WRONG, adversarial
from finitecover.reporting.figures.claims import claims
from finitecover.reporting.figures.methods import methods
from finitecover.reporting.figures.registry import DRAWN
from finitecover.reporting.statistics import at_training_eps, summarise, with_gates
from finitecover.study.figures import FIGURES
from finitecover.study.figures import looks as figure_looks
from finitecover.study.overlays import derive
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
LOOKS = style.Looks(["full", "random", "mfc"], {"full": "all images", "random": "random images", "mfc": "covers"})
RUNS = pd.DataFrame(
    [
        {"dataset": "d", "training_set": name, "training": "pgd", "model": "m", "seed": seed, "accuracy": accuracy}
        for name, accuracies_ in {"full": (0.5, 0.51, 0.52), "mfc-ipc10": (0.4, 0.41, 0.42)}.items()
        for seed, accuracy in enumerate(accuracies_)
    ]
).assign(attack="worst", norm="linf", eps="8/255")


def compared(**more):
    """Comparisons of two claims, as `collect_claims` joins them; a third was not tested, a fourth is of the bound."""
    shared = {"dataset": "d", "model": "m", "norm": "linf", "eps": "8/255", "strength": "plain"}
    sides = {"higher": "mfc (pgd)", "lower": "full (pgd)", "ipc": 10, "measure": "robust"}
    rows = [
        {"claim": "a", "verdict": "holds", "effect": 3.0, "low": 1, "high": 5},
        {"claim": "a", "verdict": "at chance", "effect": -1.0, "low": -2, "high": 3, "ipc": 1},
        {"claim": "b", "verdict": "fails", "effect": -4.0, "low": -7, "high": -2, "lower": "mfc (standard)"},
        {"claim": "b", "verdict": "inconclusive", "effect": 0.5, "low": -1, "high": 2, "measure": "clean"},
        {"claim": "c", "verdict": "not tested"},
        {"claim": "d", "verdict": "holds", "effect": 0.1, "measure": "bound"},
    ]
    return pd.DataFrame([shared | sides | row | more for row in rows]).astype({"ipc": "Int64"})


def pictures(prediction=8, size=0.1):
    """Records of a test image of class 3, under two attacks of which one is shown."""
    fields = [(name, np.int64) for name in ("example", "label", "clean", "prediction")]
    fields = [("norm", "U4"), ("eps", "U5"), *fields, ("image", "f4", (1, 5, 5)), ("adversarial", "f4", (1, 5, 5))]
    records = np.zeros(2, fields)
    records["norm"], records["eps"] = ["l2", "linf"], "8/255"
    records["label"], records["clean"], records["prediction"] = 3, 3, prediction
    records["image"] = 0.4
    records["adversarial"] = 0.4 + size * np.tile([1, -1, 1, 0, 0], (5, 1))
    return records


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
        "methods": methods(TABLE, KINDS, LOOKS, RUNS),
        "claims": claims(compared(gate_failed=False)),
        "budgets": accuracies.budgets(
            pd.concat([TABLE, TABLE.assign(ipc=TABLE["ipc"] * 2, mean=TABLE["mean"] / 2)]), KINDS, LOOKS
        ),
        "sizes": accuracies.sizes(SUMMARY, KINDS, "worst", LOOKS),
        "costs": accuracies.costs(TABLE, KINDS, {("d", "mfc-ipc10"): 100}, LOOKS),
        "architectures": accuracies.architectures(pd.concat([TABLE, TABLE.assign(model="n", mean=0.25)]), KINDS),
        "frontier": covers.frontier({"d": frontier}, "l2"),
        "images": covers.image_grid({"mfc": (images, np.array([0, 0, 1, 1])), "dm": (images[:2], np.array([0, 1]))}),
        "adversarial": adversarial([(("full", "pgd"), pictures())], "linf", "8/255"),
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


def dots(axis, marker=None):
    """Pairs (x, y) of the points that are drawn alone, of one marker or of any but ticks of seeds."""
    alone = [line for line in axis.lines if len(line.get_xdata()) == 1 and line.get_marker() not in ("None", None, "|")]
    chosen = [line for line in alone if marker in (None, line.get_marker())]
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in chosen]


def test_a_row_of_the_main_figure_has_accuracy_seeds_and_interval_where_the_tables_say():
    (axis,) = drawn()["methods"].axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["all images", "mfc"]
    heights = axis.get_yticks().tolist()
    assert dots(axis) == [(pytest.approx(51), heights[0]), (pytest.approx(41), heights[1])]
    seeds = [line.get_xdata().tolist() for line in axis.lines if line.get_marker() == "|"]
    assert seeds == [pytest.approx([50, 51, 52]), pytest.approx([40, 41, 42])]
    whole, chance = (line.get_xdata()[0] for line in axis.lines if list(line.get_ydata()) == [0, 1])
    assert (whole, chance) == (pytest.approx(51), pytest.approx(10))


def test_intervals_end_at_0_and_100_and_a_budget_has_a_row_of_panels():
    wide = pd.concat([TABLE, TABLE[TABLE["method"] == "mfc"].assign(ipc=50)]).assign(low=-0.5, high=1.5)
    figure = methods(wide, KINDS, LOOKS)
    assert [axis.get_ylabel() for axis in figure.axes] == ["10 per class", "50 per class"]
    for axis in figure.axes:
        assert [label.get_text() for label in axis.get_yticklabels()] == ["all images", "mfc"]
        level = [line for line in axis.lines if len(set(line.get_ydata())) == 1 < len(line.get_xdata())]
        assert {tuple(line.get_xdata()) for line in level} == {(0, 100)}


def test_data_sets_with_other_budgets_have_no_empty_panels():
    small, other = TABLE[TABLE["method"] == "mfc"], {"dataset": "other"}
    full = TABLE[TABLE["method"] == "full"].assign(**other)
    rows = [TABLE, small.assign(ipc=50), full, small.assign(ipc=50, **other), small.assign(ipc=100, **other)]
    axes = methods(pd.concat(rows), KINDS, LOOKS).axes
    labels = [axis.get_ylabel() for axis in axes]
    assert labels == ["10 per class", "50 per class", "50 per class", "100 per class"]
    fewer = methods(pd.concat(rows[:4]), KINDS, LOOKS).axes
    assert [axis.get_ylabel() for axis in fewer] == ["10 per class", "50 per class", "50 per class", ""]
    assert [[height for _, height in dots(axis)] == axis.get_yticks().tolist() for axis in axes] == [True] * 4


@pytest.mark.parametrize(("norm", "face"), [("linf", "black"), (None, "white")])
def test_marks_are_filled_after_adversarial_training_and_open_after_standard_training(norm, face):
    (axis,) = methods(TABLE[TABLE["method"] == "full"], {"pgd": ("pgd", norm)}, LOOKS).axes
    (point,) = [line for line in axis.lines if line.get_marker() == "o"]
    assert style.mpl.colors.same_color(point.get_markerfacecolor(), face)


def test_a_claim_has_a_heading_and_a_line_per_comparison_and_budget_with_its_verdict():
    (axis,) = drawn()["claims"].axes

    def written(minor):
        return [(label.get_text(), label.get_position()[1]) for label in axis.get_yticklabels(minor=minor)]

    budgets, places = zip(*written(minor=False), strict=True)
    assert budgets == ("10", "1", "10", "10")
    assert places[1] == places[0] + 1
    assert list(places) == sorted(places)
    names = dict(written(minor=True))
    rows = {"mfc vs full": places[0] + 0.5, "mfc: pgd vs standard": places[2], "mfc vs full, pgd": places[3]}
    assert {name: names.pop(name) for name in rows} == pytest.approx(rows)
    assert set(names) == {"a, plain", "b, plain", "b, clean accuracy, plain"}
    shown = {marker: dots(axis, marker) for marker in "oDx"}
    assert shown == {"o": [(3, places[0]), (0.5, places[3])], "D": [(-4, places[2])], "x": [(-1, places[1])]}
    assert [text.get_text() for text in axis.figure.legends[0].texts] == ["holds", "fails", "inconclusive", "at chance"]
    kept_before = compared(gate_failed=False).drop(columns="strength")
    assert "a" in [label.get_text() for label in claims(kept_before).axes[0].get_yticklabels(minor=True)]
    nothing = claims(compared(gate_failed=False).iloc[4:5])
    assert [text.get_text() for text in nothing.axes[0].texts] == ["no comparison of accuracies"]


def test_accuracies_lie_where_the_table_says_against_budget_size_and_cost_and_across_networks():
    figures_ = drawn()
    budgets = figures_["budgets"].axes[0]
    assert [line.get_ydata()[0] for line in budgets.lines[:1]] == [pytest.approx(51)]  # all images: a level line
    assert [height for _, height in dots(budgets)] == pytest.approx([41, 20.5])
    assert [place for place, _ in dots(budgets)] == pytest.approx([10, 20], rel=0.1)
    assert "mfc" in [text.get_text() for text in budgets.texts]  # at the end of its line
    (legend,) = figures_["sizes"].legends
    assert [text.get_text() for text in legend.texts][-1] == "pgd"  # and no standard training, of which there is none
    costs = figures_["costs"].axes[0]
    assert dots(costs) == [(100, pytest.approx(41))]
    assert [text.get_text() for text in costs.texts] == ["mfc"]
    assert [text.get_text() for text in figures_["architectures"].axes[0].texts] == ["51", "25", "41", "25"]


def test_sizes_and_costs_are_of_the_budgets_that_a_data_set_has():
    two = [
        part.assign(dataset=name, ipc=part["ipc"] * more) for name, part, more in (("d", SUMMARY, 1), ("e", SUMMARY, 5))
    ]
    of_sizes = accuracies.sizes(pd.concat(two), KINDS, "worst", LOOKS)
    assert [axis.get_ylabel().splitlines()[:2] for axis in of_sizes.axes] == [
        ["d", "10 per class"],
        ["e", "50 per class"],
    ]
    assert all(len(axis.lines) > 1 for axis in of_sizes.axes)
    of_costs = accuracies.costs(
        pd.concat([TABLE, TABLE.assign(ipc=TABLE["ipc"] * 5)]), KINDS, {("d", "mfc-ipc10"): 100}, LOOKS
    )
    assert [axis.get_title().rpartition(", ")[2] for axis in of_costs.axes] == ["10 per class", "50 per class"]


def test_clean_accuracy_is_shown_at_size_0_where_it_is_of_the_same_images_alone():
    def places(summary):
        (axis,) = accuracies.sizes(summary, KINDS, "worst", LOOKS).axes
        return {tuple(line.get_xdata()): list(line.get_ydata()) for line in axis.lines if len(line.get_xdata()) > 1}

    (all_images,) = [SUMMARY[SUMMARY["method"] == "mfc"]]
    assert places(all_images) == {(0, 4 / 255, 8 / 255): pytest.approx([81, 61, 41])}
    fewer = all_images.assign(n_images=np.where(all_images["attack"] == "clean", 200, 50))
    assert places(fewer) == {(4 / 255, 8 / 255): pytest.approx([61, 41])}


def test_certificates_bounds_and_transfer_lie_where_their_tables_say():
    figures_ = drawn()
    lines = figures_["certificates"].axes[0].lines
    assert [line.get_xdata().tolist() for line in lines] == [[0, 0.5]] * 3
    assert [line.get_ydata().tolist() for line in lines] == [[100, 50], [80, 20], [30, 0]]
    (axis,) = figures_["bounds"].axes
    assert [place for place, _ in dots(axis)] == [0.5, 1, 3]  # at the last step; no mark for what there is not
    assert axis.lines[-1].get_xdata() == [2.3, 2.3]
    shown = [text.get_text() for text in figures_["transfer"].axes[0].texts]
    assert shown == ["+50", "+30"]  # a row per model attacked, less what its own images leave, which has no number


def test_adversarial_images_are_of_what_most_models_classify_correctly():
    shared = pictures()[:1]
    many = np.concatenate([shared] * 7)
    many["norm"], many["label"] = "linf", np.arange(7)
    sure, unsure = many.copy(), many.copy()
    sure["clean"], unsure["clean"] = many["label"], np.where(many["label"] < 3, 9, many["label"])
    sure["clean"][6] = 9
    (axis,) = adversarial([(("a", "pgd"), sure), (("b", "pgd"), unsure)], "linf", "8/255").axes
    heads = [text.get_text() for text in axis.texts if text.get_text().startswith("class")]
    assert heads == [f"class {label}" for label in (0, 1, 3, 4, 5)]


def test_adversarial_images_have_a_scaled_perturbation_and_predictions_told_by_sign_and_frame():
    models = [(("full", "pgd"), pictures()), (("mfc", "pgd"), pictures(prediction=3, size=0.05))]
    (axis,) = adversarial(models, "linf", "8/255").axes
    clean, *pairs = [np.asarray(image.get_array()) for image in axis.images]
    assert clean == pytest.approx(0.4, abs=1e-5)
    assert pairs[0][0].tolist() == pytest.approx([1, 0, 1, 0.5, 0.5], abs=1e-5)  # 0.1 times 5 about grey
    assert pairs[1][0].tolist() == pytest.approx([0.5, 0.3, 0.5, 0.4, 0.4], abs=1e-5)
    assert pairs[2][0].tolist() == pytest.approx(
        [0.75, 0.25, 0.75, 0.5, 0.5], abs=1e-5
    )  # of every model the same scale
    texts = [text.get_text() for text in axis.texts]
    assert [text for text in texts if text[0] in "38"] == ["3 ✓", "8 ✗", "3 ✓", "3 ✓"]
    assert any(re.search("perturbation . 5,", text) for text in texts)
    _, wrong, _, right = axis.patches  # of the perturbation and of the adversarial image
    assert wrong.get_linewidth() > 2 * right.get_linewidth()
    assert [text.get_fontsize() for text in axis.texts] == [8] * len(texts)


def test_certificates_have_a_row_per_cover_and_a_column_per_training_and_set():
    shares = {"drawn_direct": 0.5, "transferred": 0.4, "transferred_beyond_centres": 0.1}
    cell = {"dataset": "d", "model": "m", "norm": "l2", "eps": "1/2", "gate_failed": False, **shares}
    runs_ = [("t", "full", "b"), ("t", "full", "a"), ("t", "b", "b"), ("u", "a", "a")]
    table = pd.DataFrame(runs_, columns=["training", "training_set", "cover"]).assign(**cell)
    axes = np.array(proofs.certificates(table).axes).reshape(2, 3)
    l2 = style.NORM_NAMES["l2"]
    assert [axis.get_title() for axis in axes[0]] == [
        f"{words}, {l2}" for words in ("t, m\non full", "t, m\non the cover", "u, m\non the cover")
    ]
    assert [axis.get_ylabel().split("\n")[1] for axis in axes[:, 0]] == ["b", "a"]
    assert [[len(axis.lines) for axis in line] for line in axes] == [[3, 3, 0], [3, 0, 3]]


def test_images_stand_below_their_class():
    assert [axis.get_title() for axis in drawn()["images"].axes] == ["class 0", "1", "", ""]


def test_the_ranges_of_covers_and_bounds_are_told_apart_without_colour():
    cover, bound = drawn()["frontier"].axes[0].collections
    assert (cover.get_hatch(), bound.get_hatch()) == (None, "////")


def test_what_is_at_chance_is_a_grey_cross_whatever_made_it():
    table = TABLE.assign(at_chance=TABLE["method"] == "mfc")
    size = SUMMARY.assign(at_chance=lambda rows: rows["method"] == "mfc")
    seconds = {("d", "mfc-ipc10"): 100}
    drawn_ = [methods(table, KINDS, LOOKS), accuracies.budgets(table, KINDS, LOOKS)]
    drawn_ += [accuracies.costs(table, KINDS, seconds, LOOKS), accuracies.sizes(size, KINDS, "worst", LOOKS)]
    for figure in drawn_:
        crosses = [line for line in figure.axes[0].lines if line.get_marker() == style.CROSS]
        assert {line.get_color() for line in crosses} == {style.AT_CHANCE}
        assert "at chance" in [text.get_text() for text in figure.legends[0].texts]
    shares = pd.DataFrame({"m": [0.2, 0.6]}, index=["a", "b"])
    _, axis = style.plt.subplots()
    style.heat_map(axis, shares, shares < 0.5, shares > 1)
    (patch,) = axis.patches
    assert (patch.get_xy(), style.mpl.colors.to_hex(patch.get_facecolor())) == ((0, 0), style.AT_CHANCE_CELL.lower())


def test_a_network_without_some_training_leaves_its_cells_of_the_heat_map_empty():
    other = TABLE[TABLE["method"] == "mfc"].assign(model="n", mean=0.25)
    (axis,) = accuracies.architectures(pd.concat([TABLE, other]), KINDS).axes
    assert [text.get_text() for text in axis.texts] == ["51", "41", "25"]


def test_a_norm_that_nothing_was_trained_against_has_no_panel_of_its_own_but_in_the_main_figure():
    l2 = TABLE[TABLE["measure"] == "linf"].assign(measure="l2")
    both = pd.concat([TABLE, l2])
    titles = {
        name: [axis.get_title().replace("\n", ", ").split(", ")[1] for axis in drawn.axes]
        for name, drawn in {
            "methods": methods(both, KINDS, LOOKS),
            "budgets": accuracies.budgets(both, KINDS, LOOKS),
            "costs": accuracies.costs(both, KINDS, {}, LOOKS),
            "architectures": accuracies.architectures(both, KINDS),
        }.items()
    }
    linf, l2 = style.NORM_NAMES["linf"], style.NORM_NAMES["l2"]
    assert titles.pop("methods") == [linf, l2]
    sizes = accuracies.sizes(pd.concat([SUMMARY, SUMMARY.assign(norm="l2")]), KINDS, "pgd", LOOKS)
    assert [axis.get_xlabel() for axis in sizes.axes] == [f"eps ({linf})"]
    assert all(shown == [linf] for shown in titles.values())


def test_several_networks_have_a_panel_each():
    both = pd.concat([TABLE, TABLE.assign(model="n", mean=0.25)])
    for drawn_ in (
        methods(both, KINDS, LOOKS),
        accuracies.budgets(both, KINDS, LOOKS),
        accuracies.costs(both, KINDS, {}, LOOKS),
    ):
        titles = [axis.get_title().replace("\n", ", ").split(", ")[1] for axis in drawn_.axes]
        assert titles == [*dict.fromkeys(TABLE["model"]), "n"]


def test_bounds_have_a_panel_per_data_set_and_a_row_per_cover_and_training():
    cell = {"model": "m", "norm": "l2", "eps": "1/2", "step": 5, "chance": 2.3, "gate_failed": False}
    losses = {"all_attack": 1, "cover_attack": 2, "all_certified": np.nan, "cover_certified": np.nan}
    sets = {"dataset": ["d", "d", "e"], "training": ["t", "u", "t"], "training_set": ["a", "a", "b"]}
    axes = proofs.bounds(pd.DataFrame({**sets, **cell, **losses})).axes
    assert [axis.get_title() for axis in axes] == ["d", "e"]
    shown = [[label.get_text().rsplit(", ", 1)[0] for label in axis.get_yticklabels()] for axis in axes]
    assert shown == [["a, m, t", "a, m, u"], ["b, m, t"]]


def test_a_frontier_joins_what_several_searches_know_and_shows_the_middle_class_and_the_range():
    rows = [(0, 9, 1, 5, 4), (0, 9, 2, 1, 1), (0, 9, 1.5, 6, 1), (0, 9, 3, 1, 2)]
    rows += [(1, 9, 1, 9, 8), (1, 9, 3, 3, 3)]
    table = pd.DataFrame(rows, columns=["label", "points", "radius", "size", "lower_bound"])
    axis = covers.frontier({"d": table}, "l2").axes[0]
    cover, bound, solved = axis.lines
    assert (cover.get_xdata()[0], cover.get_xdata()[-1]) == (1, 3)
    assert cover.get_ydata()[[0, -1]].tolist() == [7, 2]  # between 5 and 9, 1 and 3
    assert bound.get_ydata()[[0, -1]].tolist() == [6, 2.5]  # a bound serves every smaller radius
    assert sorted(zip(solved.get_xdata(), solved.get_ydata(), strict=True)) == [(2, 1), (3, 3)]
    assert len(axis.collections) == 2  # the ranges


def test_known_methods_keep_colour_and_marker_whatever_is_beside_them():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    derive(config)
    looks = style.Looks(**figure_looks(config))
    names = config["methods"]
    assert {looks.families[name] for name in names} <= set(style.FAMILY_COLOURS)
    shown = [(looks.colour(name), looks.marker(name)) for name in config["figures"]["methods"]]
    assert len(set(shown)) == len(shown)
    assert looks.colour("unheard-of") == style.OTHER
    assert looks.sorted(["dm", "mfc", "full", "random", "mfc"]) == ["full", "random", "mfc", "dm"]


def test_every_colour_stands_out_from_white():
    def contrast(colour):
        parts = np.array(style.mpl.colors.to_rgb(colour))
        light = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
        return 1.05 / (light + 0.05)

    for colour in (*style.FAMILY_COLOURS.values(), *style.COLOURS, style.OTHER, style.AT_CHANCE, WRONG):
        assert contrast(colour) >= 3, colour


def test_labels_that_would_touch_are_moved_apart_and_others_stay():
    assert style.apart([0, 10, 5], 1).tolist() == [0, 10, 5]
    assert style.apart([0, 0.5, 10], 1).tolist() == [-0.25, 0.75, 10]
    assert np.diff(np.sort(style.apart([1, 1, 1, 1.5], 2))).tolist() == [2, 2, 2]


def test_losses_are_relative_to_the_first_and_images_follow_the_iterations():
    figure = drawn()["condensation"]
    dc, dm, *cells = figure.axes  # a panel per method: its colour tells the budget, and so do dashes
    assert [panel.get_title() for panel in (dc, dm)] == ["dc", "dm"]
    assert [line.get_ydata().tolist() for panel in (dm, dc) for line in panel.lines] == [[1, 0.5], [1, 1 / 3]]
    assert len({(line.get_linestyle(), line.get_color()) for panel in (dm, dc) for line in panel.lines}) == 2
    assert [text.get_text() for text in figure.legends[0].texts] == ["1 per class", "2 per class"]
    assert [cell.get_title() for cell in cells] == ["iteration 0"] * 4
    # three images of 5x5 in two rows, a white line between, white where there is no fourth
    page = cells[0].images[0].get_array()
    assert page.shape == (11, 11, 3)
    assert page[:5, :5].max() == 0
    assert page[5].min() == page[6:, 6:].min() == 1


def test_sizes_of_perturbations_are_written_as_the_config_has_them():
    (axis,) = accuracies.sizes(SUMMARY, KINDS, "pgd", LOOKS).axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "8/255"]


def test_every_figure_of_the_whole_study_has_an_entry_that_names_its_tables_and_a_way_to_be_drawn():
    assert set(DRAWN) == {name for name, figure in FIGURES.items() if figure.tables}
    study = {"training_eps": {"d": {"linf": "8/255"}}, "kinds": {"pgd": ["pgd", "linf"]}, "attack": "pgd"}
    study |= {"titles": {"d": "D"}, "order": [], "families": {}}  # methods of no known family, too
    for name in ("methods", "budgets", "sizes", "architectures"):
        assert DRAWN[name]({"summary": summarise(runs()), "gates": gates(), "runs": RUNS}, study).axes


def mark(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts if "†" in text.get_text()]


def test_what_a_gate_failed_for_has_a_mark_in_every_figure():
    study = {"training_eps": {"d": {"linf": "8/255"}}, "kinds": KINDS, "attack": "pgd"}
    study |= {"order": LOOKS.order, "families": LOOKS.families}
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
        "runs": RUNS,
        "claims": compared(),
        "costs": pd.DataFrame([costs]),
        "transfer": attacked,
        "certificates": pd.DataFrame([models | shares | {"norm": "linf", "eps": "8/255"}]),
        "bounds": pd.DataFrame([models | losses | {"norm": "linf", "eps": "8/255"}]),
    }
    marks = {
        "transfer": [],
        "architectures": ["41†"],
        "costs": ["mfc†"],
    }  # transferred attacks: beside the names of models
    for name in DRAWN:
        tables["gates"] = gates()
        assert mark(DRAWN[name](tables, study)) == [], name
        tables["gates"] = gates(method="mfc")
        figure = DRAWN[name](tables, study)
        assert sorted(set(mark(figure))) == marks.get(name, ["†"]), name
        assert "†" in FIGURES[name].caption
        style.plt.close("all")
    tables["gates"] = gates(method="full")  # all images are a level line
    for name in ("methods", "budgets", "costs"):
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


def test_a_method_of_several_trainings_has_room_for_a_mark_of_each():
    kinds = KINDS | {"standard": ("standard", None)}
    both = pd.concat([TABLE, TABLE[TABLE["method"] == "mfc"].assign(training="standard")])
    (axis,) = methods(both, kinds, LOOKS).axes
    full, mfc = axis.get_yticks()
    assert sorted(height for _, height in dots(axis)) == pytest.approx([full, mfc - 0.5, mfc + 0.5])
    assert mfc - full == pytest.approx(0.5 + 1 + 0.8)
