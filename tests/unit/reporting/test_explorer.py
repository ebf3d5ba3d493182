import base64
import io

import numpy as np
import pytest
from PIL import Image

from finitecover.reporting.explorer import COLUMNS, explore


@pytest.fixture
def cover(rng):
    """Two groups of 60 images, ten centres each, of which the first of a group covers the most."""
    group = np.where(np.arange(60) < 30, np.arange(60) % 10, 0)
    assignment = np.concatenate([group, 60 + group])
    distances, covered = rng.random(120), np.full(120, True)
    indices = np.r_[:10, 60:70]
    place = np.searchsorted(indices, assignment)
    return {"indices": indices, "assignment": place, "distances": distances, "covered": covered}


def shown(cover, room, channels=1, free=False):
    images = np.random.default_rng(1).random((120, channels, 4, 5), dtype=np.float32)
    index = np.full(20, -1) if free else cover["indices"]
    chosen = index, images[cover["indices"]] / 2 if free else images[index], np.repeat([3, 7], 10)
    return images, explore(images, np.repeat([3, 7], 60), cover, chosen, room)


def test_where_there_is_room_every_centre_is_shown_with_its_nearest_and_farthest_image(cover):
    images, page = shown(cover, 1000)
    assert [part["group"] for part in page["groups"]] == [3, 7]
    for part, first in zip(page["groups"], (0, 60), strict=True):
        assert (part["size"], len(part["weight"]), part["points"]) == (10, 10, 60)
        assert sum(part["weight"].values()) == 60
        assert sorted(part["position"]) == list(range(first, first + 60))
    first = page["groups"][0]
    distances = [
        d for c, p, d in zip(first["centre"], first["position"], first["distance"], strict=True) if c == 0 != p
    ]
    assert distances == sorted(distances)
    assert first["radius"][0] == max(cover["distances"][cover["assignment"] == 0]).round(4)
    sheet = np.array(Image.open(io.BytesIO(base64.b64decode(page["sheet"].split(",")[1]))).convert("L"))
    assert sheet.shape == (3 * 4, COLUMNS * 5)
    assert (sheet[:4, :5] == (images[first["position"][0], 0] * 255).round()).all()  # grey: without loss


def test_free_centres_are_shown_as_images_of_their_own(cover):
    images, page = shown(cover, 1000, free=True)
    assert page["images"] == 120
    first, second = page["groups"]
    assert sorted(first["weight"]) == list(range(120, 130))  # named after the images, in their order
    assert first["points"] == sum(first["weight"].values()) == 60
    assert sorted(set(first["position"]) - set(first["weight"])) == list(range(60))
    place = first["position"].index(120)
    assert (first["centre"][place], first["distance"][place], second["size"]) == (120, 0, 10)
    sheet = np.array(Image.open(io.BytesIO(base64.b64decode(page["sheet"].split(",")[1]))).convert("L"))
    assert (sheet[:4, :5] == (images[0, 0] / 2 * 255).round()).all()


@pytest.mark.parametrize("room", [12, 30, 60])
def test_with_less_room_the_centres_that_stand_for_the_most_are_shown(cover, room):
    _, page = shown(cover, room, channels=3)
    assert sum(len(part["position"]) for part in page["groups"]) <= room
    for part, first in zip(page["groups"], (0, 60), strict=True):
        assert part["size"] == 10
        assert len(part["weight"]) == min(10, room // 3 // 2)
        assert first in part["weight"]
        assert min(part["centre"].count(centre) for centre in part["weight"]) > 1


def test_images_that_a_cover_leaves_out_belong_to_no_centre(cover):
    left_out = np.arange(40, 50)
    cover["covered"][left_out] = False
    cover["distances"][left_out] = 2  # farther than any that is covered
    _, page = shown(cover, 1000)
    first, second = page["groups"]
    assert (first["points"], first["covered"], second["covered"]) == (60, 50, 60)
    assert sum(first["weight"].values()) == len(first["position"]) == 50
    assert first["radius"][0] < 1
    assert not set(left_out) & set(first["position"])
