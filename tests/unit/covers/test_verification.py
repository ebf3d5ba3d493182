import numpy as np
import pytest

from finitecover.covers.distances import represented_by
from finitecover.covers.free import free_by_class, free_cover
from finitecover.covers.search import cover_with_budget, cover_with_radius, label_wise, represented
from finitecover.covers.stored import class_table
from finitecover.covers.verification import (
    CoverError,
    verify_cover,
    verify_radius_bound,
    verify_size_bound,
    verify_stored,
)
from finitecover.jobs.records import training_set


@pytest.fixture
def example(rng):
    points = rng.random((30, 3))
    cover = cover_with_radius(points, 0.4)
    return {
        "points": points,
        "labels": np.zeros(30, dtype=np.int64),
        "indices": cover.indices.copy(),
        "assignment": cover.assignment.copy(),
        "distances": cover.distances.copy(),
        "radius": 0.4,
        "norm": "l2",
    }


def a_follower(example):
    """A point that is no centre."""
    return int(np.setdiff1d(np.arange(30), example["indices"])[0])


def test_a_true_cover_passes(example):
    verify_cover(**example)


def test_a_radius_too_small_is_refused(example):
    with pytest.raises(CoverError, match="outside the radius"):
        verify_cover(**example | {"radius": example["distances"].max() - 1e-6})


def test_another_norm_is_refused(example):
    with pytest.raises(CoverError):
        verify_cover(**example | {"norm": "l1"})


def test_a_wrong_distance_is_refused(example):
    example["distances"][a_follower(example)] -= 1e-6
    with pytest.raises(CoverError, match="distances to centre"):
        verify_cover(**example)


def test_another_label_is_refused(example):
    example["labels"][a_follower(example)] = 1
    with pytest.raises(CoverError, match="another label"):
        verify_cover(**example)


def test_an_assignment_to_no_centre_is_refused(example):
    follower = a_follower(example)
    example["assignment"][follower] = follower
    with pytest.raises(CoverError, match="no centre"):
        verify_cover(**example)


def test_unsorted_repeated_or_foreign_centres_are_refused(example):
    for indices in (example["indices"][::-1], np.repeat(example["indices"], 2)):
        with pytest.raises(CoverError, match="sorted and distinct"):
            verify_cover(**example | {"indices": indices})
    with pytest.raises(CoverError, match="not one of the points"):
        verify_cover(**example | {"indices": np.append(example["indices"], 30)})


def test_a_missing_assignment_is_refused(example):
    with pytest.raises(CoverError, match="not every point"):
        verify_cover(**example | {"assignment": example["assignment"][:-1], "distances": example["distances"][:-1]})


def test_dual_solutions_must_be_feasible_and_sum_to_the_bound(rng):
    points = rng.random((30, 3))
    cover = cover_with_radius(points, 0.4)
    verify_size_bound(points, cover.dual, 0.4, cover.lower_bound, "l2")
    with pytest.raises(CoverError, match="no proof"):
        verify_size_bound(points, cover.dual, 0.4, cover.lower_bound + 1, "l2")
    with pytest.raises(CoverError, match="more than 1"):
        verify_size_bound(points, cover.dual * 1.5, 0.4, cover.lower_bound, "l2")
    with pytest.raises(CoverError, match="negative"):
        verify_size_bound(points, cover.dual - 0.01, 0.4, 1, "l2")


def test_a_radius_bound_needs_dual_values_above_the_budget(rng):
    points = rng.random((30, 3))
    cover = cover_with_budget(points, 5)
    verify_radius_bound(points, cover.dual, 5, cover.lower_bound, "l2")
    with pytest.raises(CoverError):
        verify_radius_bound(points, cover.dual, 5, cover.radius * 1.2, "l2")
    with pytest.raises(CoverError, match="no proof"):
        verify_radius_bound(points, np.zeros(30), 5, cover.lower_bound, "l2")


# --- what is stored ---

SETTINGS = {"norm": "l2", "given": "budget", "label_wise": True, "ipc": 3}


def rows_of(labels, whole, parts):
    """The table of classes as it is read: text."""
    return [
        {
            "label": str(label),
            "norm": "l2",
            "points": str((labels == label).sum()),
            "covered": str(part.covered.sum()),
            "size": str(len(part.indices)),
            "radius": str(part.radius),
            "mean_distance": str(part.distances.mean()),
            "bounds": "radius",
            "lower_bound": str(part.lower_bound),
            "certified_bound": str(part.certified_bound),
            "status": part.status,
            "other_label": "0",
        }
        for label, part in enumerate(parts)
    ]


@pytest.fixture
def stored(rng):
    """Images of two labels, and all that is stored of covers with three centres each."""
    points, labels = rng.random((50, 1, 2, 2)).astype(np.float32), np.repeat([0, 1], 25)
    whole, parts = label_wise(points, labels, lambda members, _: cover_with_budget(members, 3))
    weight, radii = represented(points, whole)
    centres = {"index": whole.indices, "weight": weight, "radii": radii}
    return {
        "points": points,
        "records": training_set(points, labels, index=np.arange(50)),
        "settings": SETTINGS,
        "cover": {key: getattr(whole, key).copy() for key in ("indices", "distances", "dual", "covered")}
        | {"assignment": np.searchsorted(whole.indices, whole.assignment)},
        "chosen": training_set(points[whole.indices], labels[whole.indices], **centres),
        "classes": rows_of(labels, whole, parts),
    }


@pytest.fixture
def stored_free(stored):
    """The same of covers with free centres."""
    points, labels = stored["points"], np.array(stored["records"]["label"])
    cover, parts = free_by_class(points, labels, lambda members, _: free_cover(members, 3))
    centres, own = cover.pop("centres"), cover.pop("labels")
    weight, radii = represented_by(points, centres, cover["assignment"], cover["covered"])
    classes = class_table(parts, labels, labels, own[cover["assignment"]], "l2", 3)
    return stored | {
        "settings": SETTINGS | {"centres": "free"},
        "cover": cover,
        "chosen": training_set(centres, own, weight=weight, radii=radii),
        "classes": [{key: str(value) for key, value in row.items()} for row in classes],
    }


def test_what_is_stored_of_free_centres_is_measured(stored_free):
    rows = verify_stored(**stored_free)
    assert [(row["label"], row["points"], row["size"]) for row in rows] == [(0, 25, 3), (1, 25, 3)]
    assert all(0 < row["proved_bound"] <= row["radius"] for row in rows)


def changed_records(records, **fields):
    """A training set whose fields have other types or values."""
    images = fields.get("image", records["image"])
    radii = {norm: records[f"radius_{norm}"] for norm in ("l2", "linf")}
    return training_set(images, fields.get("label", records["label"]), weight=records["weight"], radii=radii)


FORGED = {
    "index": (lambda s: s["chosen"]["index"].__setitem__(0, 3), "said to be a training image"),
    "label": (lambda s: s["chosen"]["label"].__setitem__(0, 1), "another label"),
    "pixels": (lambda s: s["chosen"]["image"].__setitem__(0, s["chosen"]["image"][1]), "outside the radius|are wrong"),
    "outside": (lambda s: s["chosen"]["image"].__setitem__((0, 0, 0, 0), 1.5), r"outside \[0, 1\]"),
    "nan": (lambda s: s["chosen"]["image"].__setitem__((0, 0, 0, 0), np.nan), r"outside \[0, 1\]"),
    "weight": (lambda s: s["chosen"]["weight"].__setitem__(0, 1), "has weight"),
    "radius": (lambda s: s["chosen"]["radius_l2"].__setitem__(0, 0.01), "has radius"),
    "place": (lambda s: s["cover"]["assignment"].__setitem__(0, -1), "no centre"),
    "packing": (lambda s: s["cover"]["dual"].__setitem__(slice(None), 1.0), "prove a radius"),
    "nothing": (lambda s: s["cover"]["dual"].__setitem__(slice(None), 0.0), "prove a radius"),
    "dual": (lambda s: s["cover"]["dual"].__setitem__(0, np.nan), "not finite"),
    "covered": (lambda s: s["cover"].update(covered=np.ones(50, np.int64)), "said to be covered or not"),
    "whole": (lambda s: s["cover"].update(assignment=s["cover"]["assignment"] * 1.0), "no whole numbers"),
    "type": (
        lambda s: s.update(chosen=changed_records(s["chosen"], image=s["chosen"]["image"].astype(np.uint8))),
        "no images like those",
    ),
    "shape": (
        lambda s: s.update(chosen=changed_records(s["chosen"], image=s["chosen"]["image"][..., :1, :1])),
        "no images like those",
    ),
    "stranger": (
        lambda s: s.update(chosen=np.concatenate([s["chosen"], changed_records(s["chosen"][:1], label=[99])])),
        "a label that no image has",
    ),
    "bound": (lambda s: s["classes"][0].update(lower_bound=s["classes"][0]["radius"]), "a solver proves nothing"),
    "word": (
        lambda s: s["classes"][0].update(lower_bound=s["classes"][0]["radius"], status="optimal by the solver's word"),
        "a solver proves nothing",
    ),
    "partial": (lambda s: s["settings"].update(uncovered=0.5), "of a partial cover nothing is proved"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_cover_with_free_centres_is_refused(stored_free, name):
    forge, told = FORGED[name]
    forge(stored_free)
    with pytest.raises(CoverError, match=told):
        verify_stored(**stored_free)


def test_what_is_stored_is_measured(stored):
    rows = verify_stored(**stored)
    assert [(row["label"], row["points"], row["size"]) for row in rows] == [(0, 25, 3), (1, 25, 3)]
    assert [str(row["proved_bound"]) for row in rows] == [row["certified_bound"] for row in stored["classes"]]
    assert all(row["proved_bound"] <= row["radius"] for row in rows)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("index", "indices are not the cover's centres"),
        ("image", "has other images than the cover's centres"),
        ("label", "has other labels than the cover's centres"),
        ("weight", r"centre \d+ has weight \d+; it stands for \d+ points"),
        ("radius_l2", r"centre \d+ has radius \S+ in l2; its farthest point lies at"),
        ("radius_linf", r"centre \d+ has radius \S+ in linf; its farthest point lies at"),
    ],
)
def test_what_training_consumes_must_be_what_the_cover_makes_it(stored, field, message):
    stored["chosen"][field][1] += 1 if field in ("index", "label", "weight") else 1e-6
    with pytest.raises(CoverError, match=message):
        verify_stored(**stored)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("points", "24", "class 1: the table says points 24; measured 25"),
        ("covered", "24", "class 1: the table says covered 24"),
        ("size", "4", "class 1: the table says size 4; measured 3"),
        ("radius", "0.001", r"class 1: the table says radius 0\.001"),
        ("mean_distance", "0.001", r"class 1: the table says mean_distance 0\.001"),
        ("other_label", "1", "class 1: the table says other_label 1; measured 0"),
        ("norm", "linf", "class 1: the table says norm linf; l2 was asked for"),
        ("bounds", "size", "class 1: the table bounds the size, not the radius"),
        ("lower_bound", "9", "class 1: bounds .* are not in order below the radius reached"),
        ("lower_bound", "0", "class 1: bounds .* are not in order below the radius reached"),
        ("certified_bound", "nan", "class 1: a claimed bound is not finite"),
        ("status", "best", "class 1: 'best' is no status of a cover"),
        ("label", "7", "the table of classes does not have one row per class"),
    ],
)
def test_a_table_of_classes_that_its_cover_contradicts_is_refused(stored, column, value, message):
    stored["classes"][1][column] = value
    with pytest.raises(CoverError, match=message):
        verify_stored(**stored)


def test_a_training_set_without_radii_is_refused(stored):
    chosen = stored["chosen"]
    stored["chosen"] = chosen[[name for name in chosen.dtype.names if name != "radius_linf"]]
    with pytest.raises(CoverError, match="the training set has no radius_linf"):
        verify_stored(**stored)


def test_a_cover_is_optimal_only_where_its_bound_says_so(stored):
    stored["classes"][0] |= {"lower_bound": "0.01", "certified_bound": "0.01", "status": "optimal"}
    with pytest.raises(CoverError, match="class 0: said to be optimal at radius"):
        verify_stored(**stored)
    radius = stored["classes"][0]["radius"]
    stored["classes"][0] |= {"lower_bound": radius, "status": "optimal"}
    with pytest.raises(CoverError, match=r"class 0: said to be optimal at radius \S+ with bound 0\.01"):
        verify_stored(**stored)  # branch and bound leaves nothing to check
    stored["classes"][0]["status"] = "optimal by the solver's word"
    verify_stored(**stored)
    stored["classes"][0] |= {"lower_bound": "0.01", "status": "feasible"}
    assert verify_stored(**stored)[0]["proved_bound"] == 0.01


def test_a_bound_that_the_dual_solution_does_not_prove_is_refused(stored):
    stored["cover"]["dual"][25:] /= 2
    with pytest.raises(CoverError, match="no proof that 3 centres need radius"):
        verify_stored(**stored)


def test_another_budget_is_refused(stored):
    with pytest.raises(CoverError, match="3 centres where 4 were asked for"):
        verify_stored(**stored | {"settings": SETTINGS | {"ipc": 4}})


def test_points_left_out_must_have_been_allowed(stored):
    cover, chosen = stored["cover"], stored["chosen"]
    farthest = cover["distances"][:25].argmax()
    cover["covered"][farthest] = False
    with pytest.raises(CoverError, match=r"centre \d+ has weight"):
        verify_stored(**stored)
    place = cover["assignment"][farthest]
    left = np.flatnonzero((cover["assignment"] == place) & cover["covered"])
    differences = np.abs(stored["points"][left].astype(float) - stored["points"][cover["indices"][place]].astype(float))
    chosen["weight"][place] -= 1
    chosen["radius_l2"][place] = np.sqrt((differences**2).sum(axis=(1, 2, 3))).max()
    chosen["radius_linf"][place] = differences.max()
    radius = np.sort(cover["distances"][:25])[-2]
    stored["classes"][0] |= {"covered": "24", "radius": str(radius), "status": "feasible"}
    for row in stored["classes"]:
        row |= {"lower_bound": "0.0", "certified_bound": "0.0", "status": "feasible"}
    partial = stored | {"settings": SETTINGS | {"uncovered": 0.04}}
    assert verify_stored(**partial)[0]["radius"] == radius
    with pytest.raises(CoverError, match=r"less than 0\.97 of the points are covered"):
        verify_stored(**stored | {"settings": SETTINGS | {"uncovered": 0.03}})


def test_a_dual_solution_that_was_cut_off_is_refused(stored):
    stored["cover"]["dual"] = stored["cover"]["dual"][:-1]
    with pytest.raises(CoverError, match="not every point has a dual value"):
        verify_stored(**stored)


@pytest.mark.parametrize("norm", ["l3x", "max", "l0.5", "l", "2"])
def test_a_norm_that_cannot_be_verified_is_refused(example, norm):
    with pytest.raises(CoverError, match=f"distances in norm '{norm}' cannot be verified"):
        verify_cover(**example | {"norm": norm})
