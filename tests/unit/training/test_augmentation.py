import pytest
import torch

from finitecover.training import augmentation
from finitecover.training.augmentation import OPERATIONS, draw_augmentation


@pytest.fixture
def images():
    return torch.rand(3, 2, 8, 8, generator=torch.Generator().manual_seed(0))


def amounts(*values):
    return torch.tensor(values).view(3, 1)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_image_is_changed_alike_and_gradients_pass(name, images):
    for seed in range(20):
        augment = draw_augmentation(name, torch.Generator().manual_seed(seed))
        x = images.clone().requires_grad_()
        changed = augment(x)
        assert changed.shape == x.shape
        assert torch.allclose(changed[1:2], augment(x[1:2]), atol=1e-6)
        (gradient,) = torch.autograd.grad(changed.sum(), x)
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_images_that_are_not_siamese_are_changed_each_by_its_own_amounts(name, images):
    same = images[:1].expand(50, -1, -1, -1)
    changed = draw_augmentation(name, torch.Generator().manual_seed(1), siamese=False)(same)
    assert not torch.allclose(changed, changed[:1].expand_as(changed))
    own = torch.rand(3, 50, generator=torch.Generator().manual_seed(2))
    together = OPERATIONS[name](same, own)
    apart = torch.cat([OPERATIONS[name](same[i : i + 1], own[:, i : i + 1]) for i in range(50)])
    assert torch.allclose(together, apart, atol=1e-6)


def test_one_operation_of_the_strategy_is_drawn(images):
    strategy = "color_crop_cutout_flip_scale_rotate"
    outcomes = {
        draw_augmentation(strategy, torch.Generator().manual_seed(seed))(images).sum().item() for seed in range(30)
    }
    assert len(outcomes) > 15
    flips = [draw_augmentation("flip", torch.Generator().manual_seed(seed))(images) for seed in range(20)]
    assert {torch.equal(flip, images) for flip in flips} == {True, False}
    assert all(torch.equal(flip, images) or torch.equal(flip, images.flip(3)) for flip in flips)


def test_no_strategy_changes_nothing(images):
    assert draw_augmentation("", torch.Generator())(images) is images


def test_crop_shifts_and_fills_with_zeros():
    image = torch.arange(1.0, 65).view(1, 1, 8, 8)
    # 8 pixels shift by -1, 0 or 1: amounts in thirds
    assert torch.equal(augmentation._crop(image, amounts(0.5, 0.5, 0)), image)
    down = augmentation._crop(image, amounts(0.99, 0.5, 0))
    assert torch.equal(down[..., :7, :], image[..., 1:, :])
    assert (down[..., 7, :] == 0).all()
    left = augmentation._crop(image, amounts(0.5, 0.0, 0))
    assert torch.equal(left[..., 1:], image[..., :7])
    assert (left[..., 0] == 0).all()


def test_cutout_blanks_half_the_side():
    blank = augmentation._cutout(torch.ones(1, 1, 8, 8), amounts(0.5, 0.5, 0)) == 0
    assert blank.sum() == 16
    corner = augmentation._cutout(torch.ones(1, 1, 8, 8), amounts(0.0, 0.0, 0)) == 0
    assert corner.nonzero()[:, 2:].amax(0).tolist() == [1, 1]  # clipped at the border


def test_color_by_hand():
    image = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2)
    # brightness + 0.25; one channel has no saturation; contrast (0.5 + 0.5) around the mean
    assert augmentation._color(image, amounts(0.75, 0.3, 0.5)).flatten().tolist() == pytest.approx([0.25, 1.25])
    assert augmentation._color(image, amounts(0.5, 0.3, 0.0)).flatten().tolist() == pytest.approx([0.25, 0.75])


def test_neutral_scale_and_rotation_leave_images_alone(images):
    low = 1 / augmentation.SCALE
    neutral = (1 - low) / (augmentation.SCALE - low)
    assert torch.allclose(augmentation._scale(images, amounts(neutral, neutral, 0)), images, atol=1e-5)
    assert torch.allclose(augmentation._rotate(images, amounts(0.5, 0, 0)), images, atol=1e-5)


def test_unknown_operation_says_which_are_known():
    with pytest.raises(ValueError, match="unknown augmentation 'blur'; choose from color, crop"):
        draw_augmentation("crop_blur", torch.Generator())
