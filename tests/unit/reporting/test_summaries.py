import pandas as pd

from finitecover.reporting.summaries import transfer_table


def test_of_sources_with_equal_accuracies_the_first_is_named(rng):
    cell = {"dataset": "d", "training": "pgd", "model": "m", "norm": "linf", "eps": "0.1", "seed": 0}
    names = [f"set{number}" for number in range(60)]
    table = pd.DataFrame([cell | {"target": target, "source": source} for target in names for source in names])
    table["accuracy"] = rng.choice([0.5, 0.6, 0.7], len(table))
    lowest = transfer_table(table).set_index("target")
    for target, rows in table[table["source"] != table["target"]].groupby("target"):
        first = rows["source"][rows["accuracy"] == rows["accuracy"].min()].iloc[0]
        assert lowest.loc[target, ["transferred", "from"]].tolist() == [100 * rows["accuracy"].min(), first]
