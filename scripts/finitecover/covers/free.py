"""Covers of one class whose centres lie anywhere in [0, 1]^d, not at points alone.

Nothing in the theorem needs a centre to be a training image: what lies within r of a centre of its label is bounded,
weighted and certified as for subset covers (arXiv 2402.05675), with smaller radii. Centres c minimise the mean over
points of min_c ||x - c||^p: geometric medians (p = 1), means (2, k-means), weighted means (above), centres of the
smallest enclosing balls (infinity, the continuous k-centre problem). All lie in the convex hull of their points, so
inside [0, 1]^d.

What is proved of a radius: of s points, no two of which are closer than g, some ball holds m = ceil(s / k). In l2 the
radius of a ball with m of them is at least g sqrt((m - 1) / 2m): the squared distances of m points sum to no more than
m times their squared distances from any centre. In other norms it is at least g / 2. Farthest-first traversal finds
such points; as it is within a factor 2 of the best k points, half of any bound for centres among the points proves no
more.
"""

from dataclasses import dataclass, replace

import numpy as np

from finitecover.covers.arguments import (
    check_budget,
    check_free,
    check_radius,
    check_relaxations,
    check_seed,
    checked,
)
from finitecover.covers.balls import exchanged, smallest_ball
from finitecover.covers.distances import BLOCK, EQUAL, direct, flatten, left, nearest_of, nearest_share, paired
from finitecover.covers.search import by_point, class_by_class, cover_with_budget, deadline_after
from finitecover.covers.solver import late

STARTS = 4  # of k-means, of which the best goes on
FEW, EACH = 1000, 20  # of up to so many points so many starts go on, each on its own
ROUNDS = 200  # of centres moved and points assigned anew, at most
SMALLEST_STEP = 1e-3  # of the first
LYING = 1e-9  # of the largest distance of a centre's points: nearer ones lie where it does
GAIN = 1e-7  # relative, that a round must bring
OPTIMAL = 1e-6  # relative, between a radius and a bound that proves it
PER_BALL = 6  # most points of a packing that a ball must hold; more prove less on images
TRAVERSED = 1000  # points of a packing, unless it needs more for k balls
FAR = 10  # farthest points of each ball that a search begins with, beside those that the ball rests on
CORE = 4000  # points of a search, at most
EXCHANGES = 300, 10  # at least, and for each ball, between looks at all points
STALE = 8  # looks at all points that find neither a smaller radius nor points to add, after which a search ends
LOOKS = 100  # at most
LARGE = 10**7  # distances between points and centres, from which on searches do less, to end in minutes
LARGEST = 200  # balls that are searched at a time in large problems
FALL = 1e-3  # relative, of the radius, that goes on with them


@dataclass(frozen=True)
class FreeCover:
    """A cover of n points by centres that need not be points.

    centres: (k, ...) in the shape of a point. assignment: (n,) int64, each point's nearest centre. distances: (n,)
    float64, to it. radius: the largest of those of covered points. mean_distance: over all points. lower_bound: proved,
    on the radius of any k centres (`free_cover`) or on the number of centres of the radius (`free_cover_with_radius`).
    status: "optimal" if the bound proves it to 1e-6, else "feasible". dual: (n,), what proves the bound: 1 for each
    point of a packing, or, for one centre in l2, the weights of the smallest ball. covered: (n,) bool, the points that
    the radius speaks for.
    """

    centres: np.ndarray
    assignment: np.ndarray
    distances: np.ndarray
    radius: float
    mean_distance: float
    lower_bound: float
    status: str
    dual: np.ndarray
    covered: np.ndarray

    @property
    def size(self):
        """Number of centres."""
        return len(self.centres)

    @property
    def certified_bound(self):
        """What `dual` proves: all of the lower bound."""
        return self.lower_bound


def free_cover(points, k, power=2, norm="l2", seed=0, time_limit=None, *, uncovered=0.0):
    """k free centres of one class of a small mean of the distance to a power, and a bound on the radius of any k.

    points: float array (n, ...) in [0, 1]. k: 1 <= k <= n. power: from 1 to 64, or infinity for the smallest radius
    found. norm: "l2", where every power can be had; "l1" for power 1 (medians of coordinates), "linf" for infinity
    (midranges). seed: of the starts. time_limit: seconds, None for no limit; then what is at hand is returned.
    uncovered: the share of points, the farthest, that neither the mean nor the radius speaks for. Raises `ValueError`
    for empty or non-finite points, k out of range, an unknown norm, a power that it does not allow, a seed or a
    time limit that is no such number.
    """
    given, points, deadline = np.asarray(points), checked(points, norm), deadline_after(time_limit)
    check_budget(k, len(points))
    check_free(power, norm)
    check_relaxations(uncovered)
    check_seed(seed)
    if k == 1 and np.isinf(power) and norm == "l2" and not uncovered:
        centre, dual, _ = smallest_ball(points)
        centres, bound = centre[None], _weighted_bound(points, dual)
    else:
        centres = _fitted(points, int(k), power, norm, seed, uncovered, deadline)
        dual, bound = (None, 0.0) if uncovered else _packing(points, int(k), norm)
    centres = np.clip(centres, points.min(axis=0), points.max(axis=0))  # where they are but for rounding
    cover = covered_by(given, centres, norm, uncovered)
    return cover if uncovered else _with_bound(cover, dual, bound)


def cover_by(points, centres, norm="l2"):
    """The cover of points (n, ...) of one class by given centres (k, d), with a bound on the radius of any k."""
    dual, bound = _packing(flatten(points), len(centres), norm)
    return _with_bound(covered_by(points, centres, norm), dual, bound)


def _with_bound(cover, dual, bound):
    """A cover with what was proved of the radius of as many centres."""
    bound = min(bound, cover.radius)
    proved = cover.radius <= bound * (1 + OPTIMAL)
    return replace(cover, lower_bound=bound, status="optimal" if proved else "feasible", dual=dual)


def free_cover_with_radius(points, radius, norm="l2", seed=0, time_limit=None):
    """Few free centres of one class that lie within a radius of all points, and a bound on their number.

    norm: "l2" or "linf". The number is doubled until a search finds so many balls, then bisected. The rest is as for
    `free_cover`. Raises `ValueError` for empty or non-finite points, a negative radius, another norm.
    """
    given, points, deadline = np.asarray(points), checked(points, norm), deadline_after(time_limit)
    check_radius(radius)
    check_free(np.inf, norm)
    check_seed(seed)
    dual, bound = _spread_out(points, radius, norm)
    distinct = np.unique(points, axis=0)
    low, high, best = bound, bound, None
    while best is None and high < len(distinct) and not late(deadline):
        best = _within(given, distinct, high, radius, norm, seed, deadline)
        low, high = (low, high) if best is not None else (high + 1, 2 * high)
    if best is None:  # centres among the points always do
        best = points[_farthest_first(points, len(points), norm, radius)[0]]
        high = len(best)
    while low < high and not late(deadline):
        middle = (low + high) // 2
        found = _within(given, distinct, middle, radius, norm, seed, deadline)
        low, high, best = (middle + 1, high, best) if found is None else (low, middle, found)
    found = covered_by(given, best, norm)
    return replace(found, lower_bound=bound, status="optimal" if len(best) <= bound else "feasible", dual=dual)


def covered_by(points, centres, norm, uncovered=0.0):
    """The cover of points (n, ...) by centres (k, d), of which nothing is proved.

    Where points are float32, centres become so before anything is measured: as images are stored. uncovered: the share
    of points, the farthest, that it leaves out.
    """
    given, points = points, flatten(points)
    centres = centres.astype(np.float32 if given.dtype == np.float32 else np.float64)
    assignment, distances = nearest_centres(points, flatten(centres), norm)
    covered = nearest_share(distances, uncovered)
    return FreeCover(
        centres=centres.reshape(-1, *given.shape[1:]),
        assignment=assignment,
        distances=distances,
        radius=float(distances[covered].max()),
        mean_distance=float(distances.mean()),
        lower_bound=0.0,
        status="feasible",
        dual=np.zeros(len(points)),
        covered=covered,
    )


def free_by_class(points, labels, solve, threads=1):
    """Cover each class on its own by free centres: `solve(points of the class, label)` -> `FreeCover`.

    Returns (dict of centres (k, ...), their labels, and `assignment` (the row of each point's centre among all),
    `distances`, `dual`, `covered` by point, list of per-class covers). Up to `threads` classes at a time.
    """
    groups, parts = class_by_class(points, labels, solve, threads)
    joined = by_point(groups, parts, ("assignment", "distances", "dual", "covered"))
    sizes = np.array([len(part.centres) for part in parts])
    for members, before in zip(groups, np.cumsum(sizes) - sizes, strict=True):
        joined["assignment"][members] += before
    joined["centres"] = np.concatenate([part.centres for part in parts])
    joined["labels"] = np.repeat([labels[members[0]] for members in groups], sizes)
    return joined, parts


def nearest_centres(points, centres, norm):
    """Each point's nearest centre, the first among equals, and its direct distance: two (n,).

    In l2 products in float64 leave few centres in question; direct distances decide between those.
    """
    if norm != "l2":
        size = max(1, BLOCK // (8 * len(centres)))
        parts = [direct(points[start : start + size], centres, norm) for start in range(0, len(points), size)]
        return np.concatenate([part.argmin(axis=1) for part in parts]), np.concatenate([p.min(axis=1) for p in parts])
    place, distances, margin = np.empty(len(points), np.int64), np.empty(len(points)), _margin(points, centres)
    for rows, block in _blocks(points, centres):
        close = np.argwhere(block <= block.min(axis=1, keepdims=True) + margin)
        values = paired(points[rows], centres, norm, close)
        place[rows], distances[rows] = nearest_of(close, values)
    return place, distances


# --- bounds ---


def _packed_share(held, norm):
    """What a ball with `held` points of a packing needs at least: its radius, relative to their least distance."""
    return np.sqrt((held - 1) / (2 * held)) if norm == "l2" else min(held - 1, 1) / 2


def _weighted_bound(points, weights):
    """Radius that no l2 ball around points (n, d) falls below, by weights (n,) that sum to 1."""
    kept = np.flatnonzero(weights)
    share, among = weights[kept] / weights[kept].sum(), points[kept]
    return float(np.sqrt(share @ ((among - share @ among) ** 2).sum(axis=1)))


def _packing(points, k, norm):
    """(indicator of points that prove a bound on the radius of any k balls, the bound)."""
    if k == 1 and norm == "linf":  # the two extremes of the coordinate that varies most
        widest = np.ptp(points, axis=0).argmax()
        ends = [points[:, widest].argmin(), points[:, widest].argmax()]
        return _indicator(points, ends), float(np.ptp(points[:, widest]) / 2)
    wanted = min(len(points), max(k + 1, min((PER_BALL - 1) * k + 1, TRAVERSED)))
    order, gaps = _farthest_first(points, wanted, norm)
    bounds = [(gap * _packed_share(-(-(place + 2) // k), norm), place + 2) for place, gap in enumerate(gaps)]
    bound, size = max(bounds, default=(0.0, 0), key=lambda found: found[0])
    return _indicator(points, order[: size if bound else 0]), float(bound)


def _spread_out(points, radius, norm):
    """(indicator of points that prove a bound on the number of balls of a radius, the bound)."""
    order, gaps = _farthest_first(points, min(len(points), TRAVERSED), norm)
    best = 1, 0
    for place, gap in enumerate(gaps):
        held = 1  # most points of this packing that a ball can hold
        while held < PER_BALL and gap * (1 - 2 * EQUAL) * _packed_share(held + 1, norm) <= radius:
            held += 1
        if held < PER_BALL:
            best = max(best, (-(-(place + 2) // held), -(place + 2)))
    number, size = best
    return _indicator(points, order[:-size] if size else order[:1]), number


def _farthest_first(points, wanted, norm, radius=0.0):
    """The first points of a farthest-first traversal, up to those within a radius of which all lie, and of each but the
    first its distance to those before."""
    order, gaps = [int(direct(points, points.mean(axis=0, keepdims=True), norm).argmax())], []
    reach = direct(points, points[order], norm)[:, 0]
    while len(order) < wanted and reach.max() > radius:
        order.append(int(reach.argmax()))
        gaps.append(float(reach.max()))
        reach = np.minimum(reach, direct(points, points[order[-1:]], norm)[:, 0])
    return order, gaps


def _indicator(points, chosen):
    marked = np.zeros(len(points))
    marked[chosen] = 1.0
    return marked


# --- finite powers ---


def _fitted(points, k, power, norm, seed, uncovered, deadline):
    """k centres (k, d) for a power."""
    distinct = np.unique(points, axis=0)
    if len(distinct) <= k:
        return distinct[np.arange(k) % len(distinct)]
    if np.isinf(power) and norm == "linf":
        return _midranges(points, k, seed, uncovered, deadline)
    starts = _starts(points, k, seed, uncovered, deadline)
    if np.isinf(power):
        means = _best(starts)
        inside = covered_by(points, means, norm, uncovered).covered
        return _small_balls(points[inside], means, 0.0, seed, deadline)
    if norm == "l1" and len(points) <= FEW:
        rng = np.random.default_rng(seed)  # means are no good start where squares do not count
        starts += [(points[rng.choice(len(points), k, replace=False)], 0.0) for _ in range(EACH)]
    return _best([_moved(points, means, power, norm, uncovered, deadline) for means, _ in starts])


def _best(found):
    """The centres of the smallest value: [(centres, value)]."""
    return min(found, key=lambda pair: pair[1])[0]


def _starts(points, k, seed, uncovered, deadline):
    """Means of k-means: of several starts for few points and partial covers, else the best: [(centres, value)]."""
    several = EACH if len(points) <= FEW else STARTS
    if len(points) > FEW and not uncovered:
        return [_means(points, k, STARTS, seed, uncovered, deadline)]
    found = []
    while len(found) < several and not (found and late(deadline)):
        found.append(_means(points, k, 1, seed + len(found), uncovered, deadline))
    return found


def _means(points, k, starts, seed, uncovered, deadline):
    """(means, value) of k-means (scikit-learn).

    Where points may be left out (trimmed k-means, Cuesta-Albertos et al. 1997) it begins with points drawn evenly, for
    k-means would give those that lie far from all others a centre each.
    """
    from sklearn.cluster import KMeans  # two seconds to import

    if uncovered:
        start = points[np.random.default_rng(seed).choice(len(points), k, replace=False)]
    else:
        large = len(points) * k > LARGE
        model = KMeans(k, n_init=starts if deadline is None and not large else 1, random_state=seed)
        found = model.fit(points.astype(np.float32) if large else points).cluster_centers_.astype(np.float64)
        place, distances = _near(points, found, "l2")  # means anew, by sums that no number of threads changes
        start = _targets(points, found, place, distances, 2, "l2", len(points))
    return _moved(points, start, 2, "l2", uncovered, deadline)


def _moved(points, centres, power, norm, uncovered, deadline):
    """(centres of a smaller mean of the distance to a finite power, its value), moved as long as a round helps."""
    counted = left(len(points), uncovered)
    place, distances = _near(points, centres, norm)
    first = step = 1.0 / max(1.0, power - 1)  # Newton's, where the mean curves most
    value = _value(distances, power, counted)
    for _ in range(min(ROUNDS, ROUNDS * LARGE // (len(points) * len(centres)))):
        if late(deadline) or step < SMALLEST_STEP * first:
            break
        tried = centres + step * (_targets(points, centres, place, distances, power, norm, counted) - centres)
        again = _near(points, tried, norm)
        now = _value(again[1], power, counted)
        if now < value * (1 - GAIN):
            centres, (place, distances), value = tried, again, now
        else:
            step /= 2
    return centres, value


def _value(distances, power, counted):
    """Mean of the power of the smallest distances, to the inverse power, so that no power overflows."""
    kept = np.partition(distances, counted - 1)[:counted]
    largest = kept.max()
    return float(largest * np.mean((kept / largest) ** power) ** (1 / power)) if largest > 0 else 0.0


def _targets(points, centres, place, distances, power, norm, counted):
    """Where each centre is drawn to by those of its points that count; one without points to a point far from all."""
    nearest = np.argsort(distances, kind="stable")[:counted]
    targets, size = centres.copy(), np.bincount(place[nearest], minlength=len(centres))
    if norm == "l1":
        for centre in np.flatnonzero(size):
            targets[centre] = np.median(points[nearest[place[nearest] == centre]], axis=0)
    else:
        largest = np.zeros(len(centres))
        np.maximum.at(largest, place[nearest], distances[nearest])
        away = nearest[distances[nearest] > LYING * largest[place[nearest]]] if power < 2 else nearest
        weights = (distances[away] / np.where(largest > 0, largest, 1.0)[place[away]]) ** (power - 2)
        total = np.bincount(place[away], weights, minlength=len(centres))
        drawn = total > 0  # others have all of their points where they are
        pull = _sums(points[away], place[away], weights, len(centres))[drawn] - total[drawn, None] * centres[drawn]
        share = np.ones(len(pull))
        if power == 1:  # points at a centre hold it back (Vardi and Zhang 2000)
            lying = size - np.bincount(place[away], minlength=len(centres))
            force = np.linalg.norm(pull, axis=1) / np.where(largest > 0, largest, 1.0)[drawn]
            share = np.maximum(0.0, 1 - lying[drawn] / np.maximum(force, np.finfo(float).tiny))
        targets[drawn] += (share / total[drawn])[:, None] * pull
    empty = np.flatnonzero(size == 0)
    far = nearest[::-1][: len(empty)]  # where fewer points count than there are centres, the others stay
    targets[empty[: len(far)]] = points[far]
    return targets


def _sums(points, place, weights, k):
    """Weighted sums of the points of each of k centres, (k, d)."""
    from scipy.sparse import csr_array

    return csr_array((weights, (place, np.arange(len(points)))), shape=(k, len(points))) @ points


# --- smallest radius ---


def _small_balls(points, centres, goal, seed, deadline):
    """Centres of l2 balls, as many, of a small largest radius; at most `goal` is as good as any smaller.

    In large problems assignment and smallest balls alternate first, as long as the radius falls. Then the largest balls
    are searched with their own points, down to the radius of the next, for as long as that helps.
    """
    if len(points) * len(centres) <= LARGE:
        return _fewest_far(points, centres, goal, seed, deadline)
    alternating, (place, distances) = True, _near(points, centres, "l2")
    while distances.max() > goal and not late(deadline):
        radii = np.zeros(len(centres))
        np.maximum.at(radii, place, distances)
        found, order = centres.copy(), np.argsort(-radii, kind="stable")
        if alternating:
            for centre in np.unique(place):
                found[centre] = smallest_ball(points[place == centre], centres[centre])[0]
        else:
            largest, others = np.split(order, [LARGEST])
            own, enough = np.isin(place, largest), radii[others].max(initial=goal)
            found[largest] = _fewest_far(points[own], centres[largest], enough, seed, deadline)
        again = _near(points, found, "l2")
        if again[1].max() < distances.max() * (1 - FALL):
            centres, (place, distances) = found, again
        elif alternating:
            alternating = False
        else:
            break
    return _drawn_in(points, centres, distances.max())


def _fewest_far(points, centres, goal, seed, deadline):
    """As `_small_balls`, of all balls at once.

    The points that the balls rest on and the farthest are searched (`balls.exchanged`); points outside the balls found
    enter the search until there are none. Then every centre moves towards its points' mean as far as the radius allows.
    """
    rng = np.random.default_rng(seed)
    place, distances = _near(points, centres, "l2")
    core = _core(points, place, distances, centres)
    assignment, weights = place[core], np.zeros((len(centres), len(core)))
    best, stale = (float(distances.max()), centres), 0
    steps = max(EXCHANGES[0], EXCHANGES[1] * len(centres))
    for _ in range(LOOKS):
        if best[0] <= goal or stale == STALE or late(deadline):
            break
        origin = points[core].mean(axis=0)
        among = points[core] - origin
        aim = (goal * (1 - OPTIMAL)) ** 2
        assignment, weights, reached = exchanged(among @ among.T, assignment.copy(), weights, steps, aim, rng)
        filled = weights.sum(axis=1) > 0
        found = np.where(filled[:, None], origin + weights @ among, best[1])
        place, distances = _near(points, found, "l2")
        radius = float(distances.max())
        better = radius < best[0] * (1 - OPTIMAL)
        best = (radius, found) if better else best
        outside = np.setdiff1d(np.flatnonzero(distances > np.sqrt(reached) * (1 + OPTIMAL)), core)
        outside = outside[np.argsort(-distances[outside], kind="stable")][: max(30, 3 * len(centres))]
        entering = len(outside) and len(core) + len(outside) <= CORE
        stale = 0 if better or entering else stale + 1
        if entering:
            core, assignment = np.append(core, outside), np.append(assignment, place[outside])
            weights = np.hstack([weights, np.zeros((len(centres), len(outside)))])
    return _drawn_in(points, best[1], max(best[0], goal * (1 - OPTIMAL)))


def _core(points, place, distances, centres):
    """The points that the smallest balls of each centre's points rest on, and the farthest from it."""
    chosen = []
    for centre in np.unique(place):
        members = np.flatnonzero(place == centre)
        _, weights, _ = smallest_ball(points[members], centres[centre])
        chosen += members[weights > 0].tolist()
        chosen += members[np.argsort(-distances[members], kind="stable")[:FAR]].tolist()
    return np.unique(chosen)


def _drawn_in(points, centres, radius):
    """Every centre moved towards the mean of its points as far as all of them stay within the radius."""
    place, _ = _near(points, centres, "l2")
    moved = centres.copy()
    for centre in np.unique(place):
        own = points[place == centre] - centres[centre]
        towards, squared = own.mean(axis=0), np.einsum("ij,ij->i", own, own)
        length = towards @ towards
        if length > 0:  # |x - t m|^2 = r^2 for the largest t of each point
            along = own @ towards
            room = np.maximum(along**2 - length * (squared - radius**2), 0.0)
            moved[centre] += np.clip(((along + np.sqrt(room)) / length).min(), 0, 1) * towards
    return moved if _near(points, moved, "l2")[1].max() <= radius * (1 + GAIN) else centres


def _midranges(points, k, seed, uncovered, deadline):
    """Centres of k linf balls of a small largest radius: midranges of the points nearest to each, from a cover by
    points, for which far points come first where there are many, from means, and from l2 balls."""
    few = len(points) <= FEW and deadline is None
    chosen = cover_with_budget(points, k, "linf").indices if few else _farthest_first(points, k, "linf")[0]
    found = _starts(points, k, seed, uncovered, deadline)
    starts = [points[chosen], *(means for means, _ in found)]
    if not uncovered:
        starts.append(_small_balls(points, _best(found), 0.0, seed, deadline))
    return _best([_alternated(points, centres, uncovered, deadline) for centres in starts])


def _alternated(points, centres, uncovered, deadline):
    """(midranges of the points nearest to each centre, moved as long as that helps, their linf radius)."""
    best = centres, np.inf
    for _ in range(ROUNDS):
        found = covered_by(points, centres, "linf", uncovered)
        if found.radius >= best[1] * (1 - GAIN):
            break
        best, centres = (centres, found.radius), centres.copy()
        if late(deadline):
            break
        for centre in np.unique(found.assignment[found.covered]):
            own = points[found.covered & (found.assignment == centre)]
            centres[centre] = (own.min(axis=0) + own.max(axis=0)) / 2
    return best


def _within(given, points, k, radius, norm, seed, deadline):
    """k centres within a radius of all given points, or None if none are found; points (n, d): each of them once."""
    if k == 1 and norm == "l2":
        centres = smallest_ball(points)[0][None]
    elif norm == "linf":
        centres = _midranges(points, k, seed, 0.0, deadline)
    else:
        centres = _small_balls(points, _best(_starts(points, k, seed, 0.0, deadline)), radius, seed, deadline)
    centres = np.clip(centres, points.min(axis=0), points.max(axis=0))
    return centres if covered_by(given, centres, norm).radius <= radius else None


# --- helpers ---


def _near(points, centres, norm):
    """Each point's nearest centre, but for the rounding of products, and its distance: two (n,)."""
    if norm != "l2":
        return nearest_centres(points, centres, norm)
    place = np.concatenate([block.argmin(axis=1) for _, block in _blocks(points, centres)])
    return place, paired(points, centres, "l2", np.column_stack([np.arange(len(points)), place]))


def _blocks(points, centres):
    """(rows, squared l2 distances to all centres) for all points, by products."""
    size, square = max(1, BLOCK // (8 * len(centres))), np.einsum("ij,ij->i", centres, centres)
    for start in range(0, len(points), size):
        part = points[start : start + size]
        block = part @ (-2 * centres.T)
        block += square
        block += np.einsum("ij,ij->i", part, part)[:, None]
        yield slice(start, start + len(part)), block


def _margin(points, centres):
    """What two squared distances of `_blocks` may be off by, together."""
    largest = max(np.einsum("ij,ij->i", array, array).max() for array in (points, centres))
    return 8 * (points.shape[1] + 16) * 2.0**-53 * largest
