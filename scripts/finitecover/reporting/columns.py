"""What every column of every table of a study means: the descriptor of a Frictionless data package.

A field is (type, unit or "", description). Shares lie between 0 and 1; types are those of the Table Schema.
"""

SCHEMA = "https://datapackage.org/profiles/2.0/datapackage.json"

_MODEL = {
    "dataset": ("string", "", "Data set, as the config names it."),
    "training_set": ("string", "", "Training set: its method, and images per class where a budget makes it."),
    "method": ("string", "", "Method that makes the training set."),
    "ipc": ("integer", "images per class", "Budget of the training set; empty where no budget makes it."),
    "training": ("string", "", "Training, as the config names it."),
    "model": ("string", "", "Network, as the config names it."),
    "seed": ("integer", "", "Seed; empty where none decides the result."),
}
_RUN = {name: _MODEL[name] for name in ("dataset", "training_set", "training", "model", "seed")}
_THREAT = {
    "norm": ("string", "", "Norm of perturbations: linf or l2; none for clean images."),
    "eps": ("string", "", "Size of perturbations as the config has it, such as 8/255, for pixels in [0, 1]."),
    "eps_value": ("number", "pixel range", "eps as a number."),
}
_ATTACK = {"attack": ("string", "", "Attack; clean: none; worst: the worst case over all attacks up to this size.")}
_IMAGES = {"n_images": ("integer", "images", "Number of test images.")}
_LEARNED = ("any", "", "What a condensation of your own learned beside the images.")
_SEEDS = {"n_seeds": ("integer", "", "Number of seeds.")}

# {table: (title, fields)}, in the order of the workflow.
TABLES = {
    "runs": (
        "Accuracy of every model under every attack, norm and size of perturbations",
        {
            **_MODEL,
            **_ATTACK,
            **_THREAT,
            "accuracy": ("number", "share", "Share of the images that are classified correctly under the attack."),
            **_IMAGES,
            "median_distance": ("number", "distance", "Median distance of the images shown from the clean ones."),
        },
    ),
    "summary": (
        "Accuracy over seeds and images: mean, standard deviation, interval",
        {
            **{name: field for name, field in _MODEL.items() if name != "seed"},
            **_ATTACK,
            **_THREAT,
            "mean": ("number", "share", "Mean accuracy over seeds."),
            "std": ("number", "share", "Standard deviation over seeds; empty for one seed."),
            "low": ("number", "share", "Lower end of the 95 % interval over seeds and images; empty for one seed."),
            "high": ("number", "share", "Upper end of the 95 % interval over seeds and images; empty for one seed."),
            **_SEEDS,
            **_IMAGES,
            "attacks": ("string", "", "All attacks that the images went through."),
            "chance": ("number", "share", "Accuracy of always answering the most frequent class of the images."),
            "at_chance": ("boolean", "", "Whether this accuracy, or the clean one, is not significantly above chance."),
        },
    ),
    "gates": (
        "Sanity checks of every evaluation",
        {
            **_MODEL,
            "gate": ("string", "", "What is checked."),
            "passed": ("boolean", "", "Whether the check passed."),
            "value": ("number", "", "Measured value; what it counts is said in expected."),
            "expected": ("string", "", "What the value must be."),
        },
    ),
    "covers": (
        "Size, radius and proved bound of every cover, class by class",
        {
            **{name: _MODEL[name] for name in ("dataset", "training_set", "seed")},
            "label": ("integer", "", "Class; 0 for the whole set in a label-blind cover."),
            "norm": ("string", "", "Norm of the radius."),
            "points": ("integer", "images", "Training images of the class."),
            "covered": ("integer", "images", "Images within the radius: all of them, except in partial covers."),
            "size": ("integer", "centres", "Number of centres."),
            "radius": ("number", "distance", "Largest distance of a covered image from its centre."),
            "mean_distance": ("number", "distance", "Mean distance of the images from their centres."),
            "bounds": ("string", "", "What the lower bounds are on: radius (budget given) or size (radius given)."),
            "lower_bound": ("number", "distance or centres", "Lower bound on the radius or size of any such cover."),
            "certified_bound": (
                "number",
                "distance or centres",
                "The same as far as the stored dual solution proves it.",
            ),
            "gap": ("number", "share", "How far radius or size exceeds its lower bound, relative to the bound."),
            "status": ("string", "", "optimal where the dual proves it, optimal by the solver's word, or feasible."),
            "other_label": ("integer", "images", "Images whose centre has another label; label-blind covers only."),
            "verified": ("boolean", "", "Whether the verifier measured what this table says."),
        },
    ),
    "indices": (
        "The training images that every cover and coreset has chosen, by index",
        {
            **{name: _MODEL[name] for name in ("dataset", "training_set", "seed")},
            "label": ("integer", "", "Class."),
            "index": ("integer", "", "Place among the prepared training images, from 0."),
        },
    ),
    "condensed": (
        "Condensed sets, imported synthetic ones among them: loss, clamping, cost",
        {
            **{name: _MODEL[name] for name in ("dataset", "training_set", "seed")},
            "loss_first": ("number", "loss", "Matching loss over the first stretch; empty for imported sets."),
            "loss_last": ("number", "loss", "Matching loss over the last stretch; empty for imported sets."),
            "clamped_largest": ("number", "pixel range", "Largest change of a pixel by clamping to [0, 1]."),
            "clamped_mean": ("number", "pixel range", "Mean change of the pixels that clamping changed."),
            "clamped_share": ("number", "share", "Share of the pixels that clamping changed."),
            "gradient_evaluations": ("integer", "images", "Images whose gradients a network computed."),
            "images_seen": ("integer", "images", "Images that went forward through a network."),
            "step_size": ("number", "", "Learning rate that trajectory matching learned; empty for others."),
        },
    ),
    "costs": (
        "Time, memory and passes through networks of every job",
        {
            "rule": ("string", "", "Rule of the job."),
            **_RUN,
            "cover": ("string", "", "Cover at whose centres a model is certified."),
            "space": ("string", "", "Space of features that a cover is chosen in."),
            "expert": ("integer", "", "Number of an expert of trajectory matching."),
            "threads": ("integer", "cores", "Cores that the job asked for."),
            "seconds": ("number", "s", "Wall-clock time."),
            "core_seconds": ("number", "s", "Wall-clock time times cores."),
            "max_rss_mib": ("number", "MiB", "Peak memory; empty where the job was too short to measure."),
            "images_seen": ("integer", "images", "Images that went forward through a network; empty if not counted."),
            "gradient_evaluations": ("integer", "images", "Images whose gradients a network computed."),
        },
    ),
    "provenance": (
        "Result file, digest, training set and cost of every model",
        {
            **_RUN,
            "training_set_file": ("string", "", "File of the training set."),
            "accuracies": ("string", "", "File of the model's accuracies."),
            "sha256": ("string", "", "SHA-256 digest of that file."),
            "set_core_seconds": ("number", "s", "Cost of the training set; empty for all images and imported sets."),
            "train_core_seconds": ("number", "s", "Cost of the training."),
            "attack_core_seconds": ("number", "s", "Cost of the evaluation."),
        },
    ),
    "transfer": (
        "Accuracy of every model under the adversarial images of every other model",
        {
            **{name: _MODEL[name] for name in ("dataset", "training", "model", "seed")},
            "source": ("string", "", "Training set of the model that the images were made on."),
            "target": ("string", "", "Training set of the model that they were shown to."),
            **_THREAT,
            "accuracy": ("number", "share", "Share of the images that the target classifies correctly."),
            **_IMAGES,
        },
    ),
    "certificates": (
        "Shares of the training images certified from the centres of a cover, and directly",
        {
            **_RUN,
            "cover": ("string", "", "Cover at whose centres the model is certified."),
            **_THREAT,
            "points": ("integer", "images", "Training images."),
            "centres": ("integer", "images", "Centres of the cover."),
            "certified_centres": ("number", "share", "Share of the centres certified at eps."),
            "transferred": ("number", "share", "Share of the training images certified at eps from the centres."),
            "transferred_beyond_centres": ("number", "share", "The same of the images that are no centres."),
            "ceiling_beyond_centres": ("number", "share", "The most that any certificate of the centres allows there."),
            "drawn": ("integer", "images", "Training images that were certified directly."),
            "drawn_transferred": ("number", "share", "Share of these certified from the centres."),
            "drawn_direct": ("number", "share", "Share of these certified directly."),
            "passes_centres": ("integer", "passes", "Passes through the network to certify all centres."),
            "passes_all": ("integer", "passes", "Passes through the network to certify all training images directly."),
        },
    ),
    "bounds": (
        "Generalised adversarial loss on a cover beside the adversarial loss on all images, over training",
        {
            **_RUN,
            "step": ("integer", "updates", "Updates of the training before this snapshot."),
            **_THREAT,
            "drawn": ("integer", "images", "Training images that stand for all of them."),
            "all_attack": ("number", "nats", "Loss on these at eps, under attack."),
            "cover_attack": (
                "number",
                "nats",
                "Weighted loss on the centres at eps + r_c, under attack; of a teacher's labels what bounds the first.",
            ),
            "all_certified": ("number", "nats", "Certified upper bound on the first; empty if the network has none."),
            "cover_certified": ("number", "nats", "Certified upper bound on the second; empty if there is none."),
            "chance": ("number", "nats", "Loss of a constant answer."),
            "attack_violations": ("integer", "images", "Drawn images whose loss exceeds that found at their centre."),
            "violations": ("integer", "images", "Drawn images whose loss exceeds their centre's certified bound."),
        },
    ),
    "claims": (
        "Comparisons behind the claims: effect, interval, verdict",
        {
            "claim": ("string", "", "Name of the claim."),
            "says": ("string", "", "The claim."),
            "source": ("string", "", "Where the claim is from."),
            "verdict": ("string", "", "What the comparison says of the claim, or why it does not count."),
            **{name: _MODEL[name] for name in ("dataset", "model")},
            **_THREAT,
            "ipc": _MODEL["ipc"],
            "measure": ("string", "", "What is compared: robust or clean accuracy, or the bound on the loss."),
            "higher": ("string", "", "Side that the claim says is higher: method and training."),
            "lower": ("string", "", "Side that the claim says is lower."),
            "strength": ("string", "", "How strong the trainings of both sides are."),
            "unit": ("string", "", "Unit of the next three: percentage points, or nats of a bound."),
            "effect": ("number", "", "Higher less lower side."),
            "low": ("number", "", "Lower end of the corrected interval."),
            "high": ("number", "", "Upper end of the corrected interval."),
            "level": ("number", "share", "Level of the interval after Holm's correction."),
            "p": ("number", "", "p-value of no difference, before the correction."),
            "n_seeds": ("integer", "", "Seeds of the side that has fewer; of a bound, snapshots."),
            "n_images": ("integer", "images", "Number of test images that both sides have."),
            "file": ("string", "", "Files that the comparison was made from."),
        },
    ),
}


def data_package(tables):
    """Descriptor of a data package; tables: {name: (path, columns)}. Raises `ValueError` for a column that has no
    description here, but of condensed sets: a condensation of one's own may say more of them."""
    return {
        "$schema": SCHEMA,
        "name": "finitecover-tables",
        "title": "Adversarial training with compressed datasets: tables of a study",
        "resources": [_resource(name, path, columns) for name, (path, columns) in tables.items()],
    }


def column_table(package):
    """Rows of a descriptor's columns, dicts: table, column, type, unit, meaning."""
    return [
        {
            "table": resource["name"],
            "column": field["name"],
            "type": field["type"],
            "unit": field.get("unit", ""),
            "meaning": field["description"],
        }
        for resource in package["resources"]
        for field in resource["schema"]["fields"]
    ]


def _resource(name, path, columns):
    title, fields = TABLES[name]
    unknown = [column for column in columns if column not in fields]
    if name == "condensed":
        fields, unknown = fields | dict.fromkeys(unknown, _LEARNED), []
    if unknown:
        raise ValueError(f"table {name}: no description of {', '.join(unknown)} in reporting/columns.py")
    return {
        "name": name,
        "type": "table",
        "path": path,
        "title": title,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": [_field(column, *fields[column]) for column in columns], "missingValues": [""]},
    }


def _field(name, kind, unit, description):
    return {"name": name, "type": kind, "description": description} | ({"unit": unit} if unit else {})
