"""A cover as a picture that answers to a click: where its images lie, which centre covers which, how they look."""

import base64
import io

import numpy as np

SHOWN = 1500  # images of a cover
PAGE = 12_000  # of all covers of a page, which stays below 15 MB
COLUMNS = 40  # of the sheet of images


def explore(images, groups, cover, chosen, room):
    """What the report's explorer shows of a cover: {"tile", "columns", "images", "sheet", "groups"}, ready for JSON.

    images (n, c, h, w) in [0, 1]; groups (n,): what was covered each on its own, the labels or one value for all;
    cover: arrays `assignment`, `distances`, `covered`; images that it leaves out belong to no centre and are not shown;
    chosen: (positions of the centres among the images (k,), -1 where free; their pixels; their groups). A free centre
    is named n and its row. A group has its images' projection on its first two principal components (scikit-learn),
    scaled to [0, 1]. room: how many images to show; of more than a third as many centres those of each group that stand
    for the most, and of the images of a centre an equal share, spread over their distances from the nearest to the
    farthest. sheet: all images shown as one, a data URI.
    """
    n, (index, pixels, centre_groups) = len(images), chosen
    named = np.where(index < 0, n + np.arange(len(index)), index)
    images, distances = np.concatenate([images, pixels]), np.concatenate([cover["distances"], np.zeros(len(index))])
    assignment = named[cover["assignment"]]
    weights = np.bincount(assignment[cover["covered"]], minlength=len(images))
    members_of = {group: np.flatnonzero(groups == group) for group in np.unique(groups)}
    centres_of = {group: named[centre_groups == group] for group in members_of}
    fitting = max(1, room // 3 // len(members_of))
    drawn_of = {group: _heaviest(centres, weights, fitting) for group, centres in centres_of.items()}
    limit = max(2, room // sum(map(len, drawn_of.values())) - 1)
    parts, shown = [], []
    for group, members in members_of.items():
        centres = drawn_of[group]
        covered = members[cover["covered"][members]]
        lying = {centre: covered[(assignment[covered] == centre) & (covered != centre)] for centre in centres.tolist()}
        picked = {centre: _spread(own, distances, limit) for centre, own in lying.items()}
        positions = np.concatenate([[centre, *own] for centre, own in picked.items()])
        where = np.union1d(members, centres)
        flat = images[where].reshape(len(where), -1)
        where = dict(zip(where.tolist(), _projected(flat).astype(np.float64).round(4).tolist(), strict=True))
        parts.append(
            {
                "group": group.item(),
                "points": len(members),
                "covered": len(covered),
                "size": len(centres_of[group]),
                "position": positions.tolist(),
                "place": [where[position] for position in positions.tolist()],
                "centre": np.repeat(centres, [1 + len(own) for own in picked.values()]).tolist(),
                "distance": distances[positions].round(4).tolist(),
                "weight": {centre: int(weights[centre]) for centre in picked},
                "radius": {c: round(float(distances[[c, *own]].max()), 4) for c, own in picked.items()},
                "first": sum(map(len, shown)),
            }
        )
        shown.append(positions)
    return {
        "tile": images.shape[2:],
        "columns": COLUMNS,
        "images": n,
        "sheet": _sheet(images[np.concatenate(shown)]),
        "groups": parts,
    }


def _heaviest(centres, weights, number):
    """Of centres those that most images are assigned to, in their order; weights: of every image."""
    return centres[np.sort(np.argsort(-weights[centres], kind="stable")[:number])]


def _spread(own, distances, limit):
    """At most `limit` of the images of a centre, in order of distance, the nearest and the farthest among them."""
    own = own[np.argsort(distances[own], kind="stable")]
    places = np.linspace(0, len(own) - 1, min(limit, len(own))).round().astype(int)
    return own[places].tolist()


def _projected(flat):
    """First two principal components of points (n, d), each scaled to [0, 1]; what does not vary lies in the middle."""
    from sklearn.decomposition import PCA  # a second to import

    components = min(2, *flat.shape)
    found = PCA(components, random_state=0).fit_transform(flat)
    found = np.pad(found, [(0, 0), (0, 2 - components)])
    low, spread = found.min(axis=0), np.ptp(found, axis=0)
    return np.where(spread > 0, (found - low) / np.where(spread > 0, spread, 1), 0.5)


def _sheet(images):
    """Images (n, c, h, w) in rows of `COLUMNS` as a data URI; grey ones without loss."""
    from PIL import Image

    n, channels, height, width = images.shape
    rows = -(-n // COLUMNS)
    page = np.zeros((rows * COLUMNS, channels, height, width), dtype=np.uint8)
    page[:n] = (images * 255).round()
    page = page.reshape(rows, COLUMNS, channels, height, width).transpose(0, 3, 1, 4, 2)
    page = page.reshape(rows * height, COLUMNS * width, channels)
    buffer = io.BytesIO()
    if channels == 1:
        Image.fromarray(page[..., 0]).save(buffer, "WEBP", lossless=True)
    else:
        Image.fromarray(page).save(buffer, "WEBP", quality=90)  # a quarter of the size
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
