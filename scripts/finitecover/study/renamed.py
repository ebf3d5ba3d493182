"""Names that a key of the config or a column of a table had in older versions, and what they are called now."""

# (section, key): key of that section
KEYS = {("evaluation", "verdict"): "library_attacks"}
COLUMNS = {
    "subset": "training_set",
    "job": "dataset, training_set, training, model, seed, cover, space and expert",
    "prices": "dual",
    "priced_points": "dual_points",
}


def check_columns(path, columns):
    """Raise `ValueError` with one line if the table at a path has a column of an older version."""
    for old in COLUMNS.keys() & set(columns):
        raise ValueError(f"{path}: column {old!r} is now called {COLUMNS[old]}; make the table anew, or rename it")
