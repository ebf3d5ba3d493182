"""Records of attacks as answers of cells."""

import numpy as np
import pytest

from cells import answers
from finitecover.jobs.records import content_digest, save_parquet, training_set
from finitecover.reporting.answers import Answers, by_cell, read_answers


def written(path, right, examples=(3, 5, 8, 9)):
    """Records of a model as attack_model writes them; right: {(attack, eps): answers}."""
    blocks = []
    for (attack, eps), correct in right.items():
        n = len(correct)
        block = {"example": np.array(examples[:n]), "label": np.array([0, 0, 1, 2])[:n], "attack": np.full(n, attack)}
        block |= {"norm": np.full(n, "none" if attack == "clean" else "linf"), "eps": np.full(n, eps)}
        blocks.append(block | {"correct": np.array(correct, dtype=bool)})
    save_parquet(path, {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]})
    return path


RIGHT = {("clean", "0"): [1, 1, 1, 0], ("fgsm", "0.1"): [1, 1, 0, 0], ("pgd", "0.1"): [1, 0, 0, 0]}
RIGHT |= {("worst", "0.1"): [1, 0, 0, 0], ("worst", "0.2"): [0, 0, 0, 0]}


def test_seeds_are_rows_and_images_columns(tmp_path):
    other = RIGHT | {("clean", "0"): [1, 1, 1, 1]}
    found = read_answers([written(tmp_path / "0.parquet", RIGHT), written(tmp_path / "1.parquet", other)])
    assert list(found) == [
        ("clean", "none", "0"),
        *(("fgsm", "linf", "0.1"), ("pgd", "linf", "0.1"), ("worst", "linf", "0.1"), ("worst", "linf", "0.2")),
    ]
    clean = found["clean", "none", "0"]
    assert clean.correct.astype(int).tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert clean.examples.tolist() == [3, 5, 8, 9]
    assert clean.chance == 0.5  # class 0 has two of four
    assert found["worst", "linf", "0.1"].attacks == "fgsm + pgd"
    assert found["worst", "linf", "0.2"].attacks == "; at smaller sizes fgsm + pgd"


def test_seeds_on_other_images_are_refused(tmp_path):
    paths = [written(tmp_path / "0.parquet", RIGHT), written(tmp_path / "1.parquet", RIGHT, (3, 5, 8, 10))]
    with pytest.raises(ValueError, match=r"1.parquet: other images than .*0.parquet; attack its models again"):
        read_answers(paths)
    more = RIGHT | {("pgd", "0.2"): [0, 0, 0, 0]}
    for first, second in ((RIGHT, more), (more, RIGHT)):
        paths = [written(tmp_path / "0.parquet", first), written(tmp_path / "1.parquet", second)]
        with pytest.raises(ValueError, match=r"1.parquet: other attacks than .*0.parquet; attack its models again"):
            read_answers(paths)


def test_cells_are_compared_on_the_images_that_both_have():
    first = Answers(np.array([[1, 1, 0], [1, 1, 0]], dtype=bool), np.array([1, 4, 6]), 0.5)
    second = Answers(np.array([[0, 1], [0, 1]], dtype=bool), np.array([4, 6]), 0.5)
    estimate, shared = first.less(second)
    assert (estimate.value, shared) == (0, 2)
    with pytest.raises(ValueError, match="attacked on different images cannot be compared"):
        first.less(second._replace(examples=np.array([7, 8])))


@pytest.mark.parametrize(
    ("accuracies", "above"),
    [((0.1, 0.1, 0.1), False), ((0.13, 0.12, 0.13), False), ((0.3, 0.3, 0.3), True), ((0.3,), True), ((0.12,), False)],
)
def test_a_model_is_above_chance_where_its_whole_interval_is(accuracies, above):
    assert answers(accuracies).above_chance() == above


def test_runs_of_a_cell_differ_in_their_seed_alone():
    runs = [{"method": method, "seed": seed} for seed in (0, 1) for method in ("a", "b")]
    assert by_cell(runs, ["a0", "b0", "a1", "b1"]) == [(runs[0], ["a0", "a1"]), (runs[1], ["b0", "b1"])]


def test_the_digest_of_a_set_is_of_its_images_and_labels_in_any_order():
    images, labels = np.arange(12, dtype=np.uint8).reshape(3, 1, 2, 2), np.array([0, 1, 1])
    made = content_digest(training_set(images, labels))
    order = [2, 0, 1]
    weighted = training_set(images[order], labels[order], weight=[1, 2, 3], index=[4, 5, 6])
    assert content_digest(weighted) == made
    assert content_digest(training_set(images, labels[order])) != made
