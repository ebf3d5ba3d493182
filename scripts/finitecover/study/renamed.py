"""Names that keys of the config, columns of tables and files had in older versions, and what they are called now."""

# (section, key): key of that section
KEYS = {("evaluation", "verdict"): "library_attacks"}
COLUMNS = {
    "subset": "training_set",
    "job": "dataset, training_set, training, model, seed, cover, space and expert",
    "prices": "dual",
    "priced_points": "dual_points",
}
# Numbers of seeds and images, which are read by their old names, too; n was images, but seeds in tables of claims.
_COUNTS = {"n": "n_images", "seeds": "n_seeds"}
_COUNTS_OF_CLAIMS = {"n": "n_seeds", "images": "n_images"}


# Files of the user's own, from the root of the project.
_OWN = ("attacks", "models", "selections")
FILES = {f"scripts/finitecover/own_{name}.py": f"scripts/finitecover/own/{name}.py" for name in _OWN}
FILES["config/profiles/slurm/profile.yaml"] = "profiles/slurm/profile.yaml"


def counts_of(columns):
    """{name in older versions: name} of the numbers of seeds and images in a table with these columns."""
    known = _COUNTS_OF_CLAIMS if "claim" in columns or "verdict" in columns else _COUNTS
    return {old: new for old, new in known.items() if old in columns}


def check_columns(path, columns):
    """Raise `ValueError` with one line if the table at a path has a column of an older version."""
    for old in COLUMNS.keys() & set(columns):
        raise ValueError(f"{path}: column {old!r} is now called {COLUMNS[old]}; make the table anew, or rename it")
