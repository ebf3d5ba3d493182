import numpy as np
import pytest
import torch

from finitecover.training.labels import check_soft_labels, teacher_labels


class Teacher(torch.nn.Module):
    """Logits that an image's pixels are."""

    def forward(self, images):
        return images.flatten(1)


IMAGES = torch.tensor([[0.0, 1.0, 0.5], [1.0, 0.0, 0.0]]).view(2, 1, 1, 3)
LABELS = torch.tensor([1, 2])


def test_a_teacher_gives_the_probabilities_of_its_logits():
    soft = teacher_labels(Teacher(), IMAGES, LABELS)
    assert soft.dtype == np.float32
    assert soft == pytest.approx(IMAGES.view(2, 3).softmax(1).numpy())


def test_temperature_flattens_them_and_the_share_of_hard_labels_adds_the_own_class():
    warm = teacher_labels(Teacher(), IMAGES, LABELS, temperature=4.0)
    assert warm == pytest.approx((IMAGES.view(2, 3) / 4).softmax(1).numpy())
    mixed = teacher_labels(Teacher(), IMAGES, LABELS, hard_share=0.25)
    own = np.eye(3)[LABELS.numpy()]
    assert mixed == pytest.approx(0.75 * teacher_labels(Teacher(), IMAGES, LABELS) + 0.25 * own)
    assert (teacher_labels(Teacher(), IMAGES, LABELS, hard_share=1.0) == own).all()


@pytest.mark.parametrize(
    ("soft", "shape", "message"),
    [
        ([[0.5, 0.4]], (1, 2), "not probabilities"),
        ([[1.5, -0.5]], (1, 2), "not probabilities"),
        ([[np.nan, 1.0]], (1, 2), "not probabilities"),
        ([[0.5, 0.5]], (1, 3), r"have shape \(1, 2\); expected \(1, 3\)"),
        ([[0.5, 0.5]], (2, 2), r"have shape \(1, 2\); expected \(2, 2\)"),
    ],
)
def test_what_is_no_probability_of_each_class_is_refused(soft, shape, message):
    with pytest.raises(ValueError, match=message):
        check_soft_labels(np.array(soft, dtype=np.float32), shape)
