"""Where every file of `results/` lies: each path template once, from identity to path.

Rules take the templates as they are, their fields being Snakemake's wildcards; whoever knows what a file is about fills
them in: `paths.fill(paths.MODEL, run)`. Nobody goes the other way.
"""

from finitecover.study.runs import split_name, takes_teacher

# What identifies a job of each rule, in the order of folders; rules that are not here have one job.
_CELL = "{training_set}/{training}/{model}"
_RUN = f"{_CELL}/seed{{seed}}"
_MODEL = f"{{dataset}}/{_RUN}"
_SET = "{dataset}/{training_set}"
JOBS = {
    "download_dataset": "{dataset}",
    "prepare_dataset": "{dataset}",
    "solve_cover": _SET,
    "embed_dataset": "{dataset}/{space}",
    "verify_cover": _SET,
    "explore_cover": _SET,
    "trace_frontier": "{dataset}",
    "select_coreset": f"{_SET}/seed{{seed}}",
    "train_expert": "{dataset}/{model}/expert{expert}",
    "score_images": "{dataset}/{model}",
    "condense_dataset": f"{_SET}/seed{{seed}}",
    "cover_condensed": f"{_SET}/seed{{seed}}",
    "verify_condensed_cover": f"{_SET}/seed{{seed}}",
    "explore_condensed_cover": f"{_SET}/seed{{seed}}",
    "import_set": _SET,
    "cover_imported": _SET,
    "verify_imported_cover": _SET,
    "explore_imported_cover": _SET,
    "export_condensed": f"{_SET}/seed{{seed}}",
    "label_set": _MODEL,
    "export_labelled": _MODEL,
    "train_model": _MODEL,
    "attack_model": _MODEL,
    "transfer_attacks": "{dataset}/{training}/{model}/seed{seed}",
    "certify_model": f"{_MODEL}/{{cover}}",
    "trace_bound": _MODEL,
    "collect_tables": "{table}",
    "check_claim": "{claim}",
    "plot_figure": "{figure}",
    "plot_images": "{dataset}",
    "plot_adversarial": "{dataset}",
    "plot_condensation": "{dataset}",
}


def log(rule):
    """Template of a rule's logs."""
    return f"results/logs/{rule}/{JOBS[rule]}.log" if rule in JOBS else f"results/logs/{rule}.log"


def benchmark(rule):
    """Template of a rule's benchmark files."""
    return f"results/benchmarks/{rule}/{JOBS[rule]}.tsv"


def fill(template, run):
    """A template with the columns of a run in its fields; columns that it does not name do no harm."""
    return template.format(**run)


def fill_all(template, runs):
    """`fill` for every run, in their order."""
    return [fill(template, run) for run in runs]


# --- data ---

RAW = "results/{dataset}/data/raw.npz"
NOTES = "results/{dataset}/data/notes.json"
TRAIN = "results/{dataset}/data/train.npy"
TEST = "results/{dataset}/data/test.npy"
SUMMARY = "results/{dataset}/data/summary.json"
FEATURES = "results/{dataset}/features/{space}.npy"

# --- training sets ---

_COVER = "results/{dataset}/covers/{training_set}"
COVER_SET = f"{_COVER}/train.npy"
COVER = f"{_COVER}/cover.npz"
COVER_CLASSES = f"{_COVER}/classes.csv"
COVER_STEPS = f"{_COVER}/steps.csv"
COVER_VERIFIED = f"{_COVER}/verified.csv"
COVER_EXPLORER = f"{_COVER}/explorer.json"
FRONTIER = "results/{dataset}/frontier.csv"

CORESET_SET = "results/{dataset}/coresets/{training_set}/seed{seed}/train.npy"

EXPERT = "results/{dataset}/experts/{model}/expert{expert}.npy"
EXPERT_COST = "results/{dataset}/experts/{model}/expert{expert}.json"
SCORES = "results/{dataset}/scores/{model}.npy"
SCORES_COST = "results/{dataset}/scores/{model}.json"
_CONDENSED = "results/{dataset}/condensed/{training_set}/seed{seed}"
CONDENSED_SET = f"{_CONDENSED}/train.npy"
CONDENSED_HISTORY = f"{_CONDENSED}/history.csv"
CONDENSED_SNAPSHOTS = f"{_CONDENSED}/snapshots.npy"
CONDENSED_SUMMARY = f"{_CONDENSED}/summary.json"
CONDENSED_EXPORTED_DC = f"{_CONDENSED}/exported/condensed.pt"
CONDENSED_EXPORTED_MTT_IMAGES = f"{_CONDENSED}/exported/images_best.pt"
CONDENSED_EXPORTED_MTT_LABELS = f"{_CONDENSED}/exported/labels_best.pt"
_CONDENSED_COVER = f"{_CONDENSED}/cover"
CONDENSED_COVER_SET = f"{_CONDENSED_COVER}/train.npy"
CONDENSED_COVER = f"{_CONDENSED_COVER}/cover.npz"
CONDENSED_COVER_CLASSES = f"{_CONDENSED_COVER}/classes.csv"
CONDENSED_COVER_VERIFIED = f"{_CONDENSED_COVER}/verified.csv"
CONDENSED_COVER_EXPLORER = f"{_CONDENSED_COVER}/explorer.json"
_IMPORTED = "results/{dataset}/imported/{training_set}"
IMPORTED_SET = f"{_IMPORTED}/train.npy"
IMPORTED_SUMMARY = f"{_IMPORTED}/summary.json"
_IMPORTED_COVER = f"{_IMPORTED}/cover"
IMPORTED_COVER_SET = f"{_IMPORTED_COVER}/train.npy"
IMPORTED_COVER = f"{_IMPORTED_COVER}/cover.npz"
IMPORTED_COVER_CLASSES = f"{_IMPORTED_COVER}/classes.csv"
IMPORTED_COVER_VERIFIED = f"{_IMPORTED_COVER}/verified.csv"
IMPORTED_COVER_EXPLORER = f"{_IMPORTED_COVER}/explorer.json"

# What others can use without this workflow: centres of covers with free ones.
CENTRES = "results/centres/{dataset}/{training_set}.npz"

_LABELLED = f"results/{{dataset}}/labelled/{_RUN}"
LABELLED_SET = f"{_LABELLED}/train.npy"
LABELLED_EXPORTED_DC = f"{_LABELLED}/exported/condensed.pt"
LABELLED_EXPORTED_MTT_IMAGES = f"{_LABELLED}/exported/images_best.pt"
LABELLED_EXPORTED_MTT_LABELS = f"{_LABELLED}/exported/labels_best.pt"

_FAMILY_SET = {
    "full": TRAIN,
    "cover": COVER_SET,
    "coreset": CORESET_SET,
    "condensation": CONDENSED_SET,
    "imported": IMPORTED_SET,
}
# Of sets that are taken as covers: where these and their arrays lie.
_TAKEN = {
    "condensation": (CONDENSED_COVER_SET, CONDENSED_COVER),
    "imported": (IMPORTED_COVER_SET, IMPORTED_COVER),
}

# --- models ---

_TRAINED = f"results/{{dataset}}/models/{_RUN}"
MODEL = f"{_TRAINED}/model.pt"
MODEL_HISTORY = f"{_TRAINED}/history.csv"
MODEL_SNAPSHOTS = f"{_TRAINED}/snapshots.pt"
MODEL_COST = f"{_TRAINED}/cost.json"

_ATTACKED = f"results/{{dataset}}/attacks/{_RUN}"
EXAMPLES = f"{_ATTACKED}/examples.parquet"
ACCURACIES = f"{_ATTACKED}/accuracies.csv"
GATES = f"{_ATTACKED}/gates.csv"
PICTURES = f"{_ATTACKED}/pictures.npy"
ATTACK_COST = f"{_ATTACKED}/cost.json"
TRANSFER = "results/{dataset}/transfer/{training}/{model}/seed{seed}.csv"

_CERTIFIED = f"results/{{dataset}}/certificates/{_RUN}/{{cover}}"
CERTIFIED_POINTS = f"{_CERTIFIED}/points.parquet"
CERTIFICATES = f"{_CERTIFIED}/certificates.csv"
CERTIFY_COST = f"{_CERTIFIED}/cost.json"
BOUND = f"results/{{dataset}}/bounds/{_RUN}.csv"

# --- the whole study ---

TABLE = "results/tables/{table}.csv"
# Beside the folders of the tables: the paths of a data package may not lead out of its own folder.
DATA_PACKAGE = "results/datapackage.json"
SUMMARY_LATEX = "results/tables/summary.tex"
FIGURE_PDF = "results/figures/{figure}.pdf"
FIGURE_PNG = "results/figures/{figure}.png"
IMAGES_PDF = FIGURE_PDF.format(figure="images_{dataset}")
IMAGES_PNG = FIGURE_PNG.format(figure="images_{dataset}")
ADVERSARIAL_PDF = FIGURE_PDF.format(figure="adversarial_{dataset}")
ADVERSARIAL_PNG = FIGURE_PNG.format(figure="adversarial_{dataset}")
CONDENSATION_PDF = FIGURE_PDF.format(figure="condensation_{dataset}")
CONDENSATION_PNG = FIGURE_PNG.format(figure="condensation_{dataset}")
FRONTIER_PDF, FRONTIER_PNG = FIGURE_PDF.format(figure="frontier"), FIGURE_PNG.format(figure="frontier")
CLAIM = "results/report/claims/{claim}.csv"
CLAIMS = "results/report/claims.csv"
ENVIRONMENT = "results/report/environment.json"
REPORT = "results/report/report.html"


def table(name):
    """The table of the whole study by its name."""
    return TABLE.format(table=name)


def set_template(config, training_set):
    """Template of where a training set lies, by the family of its method."""
    method, _ = split_name(training_set)
    settings = config["methods"][method]
    return _TAKEN[settings["family"]][0] if "cover" in settings else _FAMILY_SET[settings["family"]]


def trained_template(config, training_set, training):
    """Template of where the set lies that a training reads: the training set, or that set with a teacher's labels."""
    return LABELLED_SET if takes_teacher(config, training) else set_template(config, training_set)


def cover_template(config, training_set):
    """Template of where the arrays of a training set that is a cover lie."""
    method, _ = split_name(training_set)
    settings = config["methods"][method]
    return _TAKEN[settings["family"]][1] if "cover" in settings else COVER


def certified_template(config, cover):
    """Template of where the centres lie that models are certified at, with a field {cover} for {training_set}."""
    return set_template(config, cover).replace("{training_set}", "{cover}")


def training_set(config, run):
    """Where the training set of a run lies; the full set, covers and imported sets do not depend on the seed."""
    return fill(set_template(config, run["training_set"]), run)


def trained_set(config, run):
    """Where the set lies that a model is trained on, its labels those that the training asks for."""
    return fill(trained_template(config, run["training_set"], run["training"]), run)


def examples_of(dataset, cells):
    """The records of several cells, all seeds, as a shell expands it; cells: (training_set, training, model)."""
    names = ",".join("/".join(cell) for cell in cells)
    return fill(EXAMPLES.replace(_CELL, f"{{{{{names}}}}}"), {"dataset": dataset, "seed": "*"})
