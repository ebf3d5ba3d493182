import numpy as np
import pytest

from finitecover.covers.groups import asked_for

LABELS = np.array([0, 0, 1, 1, 2])


@pytest.mark.parametrize(
    ("settings", "groups", "budget"),
    [
        ({"label_wise": True, "ipc": 2}, [0, 0, 1, 1, 2], 2),
        ({"label_wise": True, "radius": 0.5}, [0, 0, 1, 1, 2], None),
        ({"label_wise": False, "ipc": 2}, [0] * 5, 6),  # the budgets of three classes in one group
    ],
)
def test_points_are_covered_class_by_class_or_all_at_once(settings, groups, budget):
    found, centres = asked_for(LABELS, settings)
    assert (found.tolist(), centres) == (groups, budget)
