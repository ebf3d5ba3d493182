import pytest

from finitecover.covers.relaxed import RELAXATIONS as TAKEN
from finitecover.covers.relaxed import checked_relaxations
from finitecover.data.sources import SOURCES as READ
from finitecover.study import kinds
from finitecover.training.models import ARCHITECTURES
from finitecover.training.objectives import OBJECTIVES
from solve_cover import ASKED


def test_what_may_be_named_is_what_the_stages_have():
    from finitecover.condensation.loop import CONDENSATIONS
    from finitecover.coresets.selection import SELECTIONS

    assert set(kinds.SOURCES) == set(READ)
    assert set(kinds.ARCHITECTURES) == set(ARCHITECTURES)
    assert set(kinds.ALGORITHMS["coreset"]) == set(SELECTIONS)
    assert set(kinds.ALGORITHMS["condensation"]) == set(CONDENSATIONS)
    assert {kind.objective for kind in kinds.TRAININGS.values()} == set(OBJECTIVES)
    assert set(kinds.RELAXATIONS) == {*TAKEN, "space"}
    assert set(ASKED) == {"family", "ipc", "radius", "space", *kinds.FAMILIES["cover"].keys}


def test_what_a_kind_implies_is_said_once():
    trainings = kinds.TRAININGS
    assert [name for name, kind in trainings.items() if kind.needs_cover] == [
        "generalised",
        "weighted",
        "sampled",
        "generalised-ibp",
    ]
    assert [name for name, kind in trainings.items() if kind.bounded] == ["ibp", "generalised-ibp"]
    assert [name for name, kind in trainings.items() if not kind.adversarial] == ["standard", "gaussian"]
    assert kinds.all_keys(kinds.SOURCES) == ["name", "path", "size", "test_share"]


def test_a_relaxed_cover_refuses_what_it_does_not_know():
    assert checked_relaxations({"slack": 0.5}) == {"slack": 0.5}
    with pytest.raises(
        ValueError, match="unknown key 'slak' of a relaxed cover; choose from uncovered, slack, density"
    ):
        checked_relaxations({"slak": 0.5})
