# From rows to tables, figures and the report.


rule collect_runs:
    """One tidy table of every accuracy, and one of every gate."""
    input:
        accuracies=every_run(
            "results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/accuracies.csv"
        ),
        gates=every_run(
            "results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/gates.csv"
        ),
    output:
        runs=report("results/tables/runs.csv", caption="captions/runs.rst", category="Tables"),
        gates=report("results/tables/gates.csv", caption="captions/gates.rst", category="Tables"),
    log:
        "results/logs/collect_runs.log",
    conda:
        "../envs/figures.yaml"
    params:
        runs=configuration.runs(config),
        code=code("collect_runs"),
    script:
        "../scripts/collect_runs.py"


rule summarise_runs:
    """Mean, deviation and interval over seeds, as CSV and as a LaTeX table."""
    input:
        runs="results/tables/runs.csv",
    output:
        summary=report(
            "results/tables/summary.csv", caption="captions/summary.rst", category="Tables"
        ),
        latex="results/tables/summary.tex",
    log:
        "results/logs/summarise_runs.log",
    conda:
        "../envs/figures.yaml"
    params:
        headline=configuration.headline(config),
        code=code("summarise_runs"),
    script:
        "../scripts/summarise_runs.py"


rule collect_costs:
    """Seconds, memory and passes through networks of every job that costs time."""
    input:
        benchmarks=benchmarks,
        summaries=network_counts,
    output:
        costs=report("results/tables/costs.csv", caption="captions/costs.rst", category="Tables"),
    log:
        "results/logs/collect_costs.log",
    conda:
        "../envs/figures.yaml"
    params:
        threads=lambda wildcards: declared_threads(),
        code=code("collect_costs"),
    script:
        "../scripts/collect_costs.py"


rule collect_provenance:
    """Where the numbers of every model lie, what made them, and how long that took."""
    input:
        accuracies=every_run(
            "results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/accuracies.csv"
        ),
        costs="results/tables/costs.csv",
    output:
        provenance=report(
            "results/tables/provenance.csv", caption="captions/provenance.rst", category="Tables"
        ),
    log:
        "results/logs/collect_provenance.log",
    conda:
        "../envs/figures.yaml"
    params:
        runs=configuration.runs(config),
        sets=training_sets(),
        code=code("collect_provenance"),
    script:
        "../scripts/collect_provenance.py"


rule collect_covers:
    """One table of every cover: size, radius, bound, class by class."""
    input:
        classes=expand(
            "results/{dataset}/covers/{subset}/classes.csv",
            dataset=config["run"]["datasets"],
            subset=cover_subsets(),
        ),
        verified=expand(
            "results/{dataset}/covers/{subset}/verified.csv",
            dataset=config["run"]["datasets"],
            subset=cover_subsets(),
        ),
    output:
        covers=report("results/tables/covers.csv", caption="captions/covers.rst", category="Tables"),
    log:
        "results/logs/collect_covers.log",
    conda:
        "../envs/figures.yaml"
    params:
        code=code("collect_covers"),
    script:
        "../scripts/collect_covers.py"


rule collect_condensed:
    """One table of every condensed set: clamping, loss, passes through networks."""
    input:
        summaries=condensed_outputs("summary.json"),
        histories=condensed_outputs("history.csv", made_elsewhere=False),
    output:
        condensed=report(
            "results/tables/condensed.csv", caption="captions/condensed.rst", category="Tables"
        ),
    log:
        "results/logs/collect_condensed.log",
    conda:
        "../envs/figures.yaml"
    params:
        code=code("collect_condensed"),
    script:
        "../scripts/collect_condensed.py"


rule collect_tables:
    """One table of all certificates, of all bounds, of all transferred attacks."""
    input:
        tables=joined_parts,
    output:
        table=report("results/tables/{table}.csv", caption="captions/tables.rst", category="Tables"),
    log:
        "results/logs/collect_tables/{table}.log",
    wildcard_constraints:
        table="certificates|bounds|transfer",
    conda:
        "../envs/figures.yaml"
    params:
        runs=lambda wildcards: joined_runs(wildcards.table),
        code=code("collect_tables"),
    script:
        "../scripts/collect_tables.py"


rule check_claim:
    """Put one claim to the test on the models that it compares, and make these models alone."""
    input:
        accuracies=claim_accuracies,
        bounds=claim_bounds,
    output:
        verdicts="results/report/claims/{claim}.csv",
    log:
        "results/logs/check_claim/{claim}.log",
    conda:
        "../envs/figures.yaml"
    params:
        claim=lambda wildcards: CLAIMS[wildcards.claim],
        runs=claim_runs,
        traced=claim_trainings,
        kinds=training_kinds(),
        headline=configuration.headline(config),
        code=code("check_claim"),
    script:
        "../scripts/check_claim.py"


rule collect_claims:
    """The paper's claims, and ours, put to the test: effect, interval and verdict of every comparison."""
    input:
        verdicts=expand("results/report/claims/{claim}.csv", claim=CLAIMS),
    output:
        claims=report("results/report/claims.csv", caption="captions/claims.rst", category="Tables"),
    log:
        "results/logs/collect_claims.log",
    conda:
        "../envs/figures.yaml"
    params:
        code=code("collect_claims"),
    script:
        "../scripts/collect_claims.py"


rule plot_accuracies:
    """Robust accuracy against clean accuracy, against budget, eps and cost, and across networks."""
    input:
        summary="results/tables/summary.csv",
        costs="results/tables/costs.csv",
    output:
        pdf=report(
            "results/figures/{figure}.pdf", caption="captions/accuracies.rst", category="Figures"
        ),
        png="results/figures/{figure}.png",
    log:
        "results/logs/plot_accuracies/{figure}.log",
    wildcard_constraints:
        figure="tradeoff|budgets|sizes|costs|architectures",
    conda:
        "../envs/figures.yaml"
    params:
        headline=configuration.headline(config),
        kinds=training_kinds(),
        attack=strongest_name(),
        code=code("plot_accuracies"),
    script:
        "../scripts/plot_accuracies.py"


rule plot_frontier:
    """Size against radius of covers, with lower bounds."""
    input:
        frontiers=frontier_tables(),
    output:
        pdf=report(
            "results/figures/frontier.pdf", caption="captions/frontier.rst", category="Figures"
        ),
        png="results/figures/frontier.png",
    log:
        "results/logs/plot_frontier.log",
    conda:
        "../envs/figures.yaml"
    params:
        datasets=[Path(path).parts[1] for path in frontier_tables()],
        norm=config["frontier"]["norm"],
        code=code("plot_frontier"),
    script:
        "../scripts/plot_frontier.py"


rule plot_images:
    """The chosen and the synthetic images of every method."""
    input:
        sets=shown_sets,
    output:
        pdf=report(
            "results/figures/images_{dataset}.pdf",
            caption="captions/images.rst",
            category="Figures",
        ),
        png="results/figures/images_{dataset}.png",
    log:
        "results/logs/plot_images/{dataset}.log",
    conda:
        "../envs/figures.yaml"
    params:
        subsets=shown_subsets(),
        code=code("plot_images"),
    script:
        "../scripts/plot_images.py"


rule plot_condensation:
    """Loss of every condensation of a data set, and how its images change over the iterations."""
    input:
        histories=condensation_histories,
        snapshots=condensation_snapshots,
    output:
        pdf=report(
            "results/figures/condensation_{dataset}.pdf",
            caption="captions/condensation.rst",
            category="Figures",
        ),
        png="results/figures/condensation_{dataset}.png",
    log:
        "results/logs/plot_condensation/{dataset}.log",
    conda:
        "../envs/figures.yaml"
    params:
        code=code("plot_condensation"),
    script:
        "../scripts/plot_condensation.py"


rule plot_certificates:
    """What is certified without being evaluated, against eps."""
    input:
        table="results/tables/certificates.csv",
    output:
        pdf=report(
            "results/figures/certificates.pdf",
            caption="captions/certificates.rst",
            category="Figures",
        ),
        png="results/figures/certificates.png",
    log:
        "results/logs/plot_certificates.log",
    conda:
        "../envs/figures.yaml"
    params:
        code=code("plot_certificates"),
    script:
        "../scripts/plot_certificates.py"


rule plot_bounds:
    """The generalised adversarial loss on covers beside the adversarial loss on all images, over training."""
    input:
        table="results/tables/bounds.csv",
    output:
        pdf=report("results/figures/bounds.pdf", caption="captions/bounds.rst", category="Figures"),
        png="results/figures/bounds.png",
    log:
        "results/logs/plot_bounds.log",
    conda:
        "../envs/figures.yaml"
    params:
        code=code("plot_bounds"),
    script:
        "../scripts/plot_bounds.py"


rule plot_transfer:
    """Accuracy under the adversarial images of every other model."""
    input:
        table="results/tables/transfer.csv",
    output:
        pdf=report(
            "results/figures/transfer.pdf", caption="captions/transfer.rst", category="Figures"
        ),
        png="results/figures/transfer.png",
    log:
        "results/logs/plot_transfer.log",
    conda:
        "../envs/figures.yaml"
    params:
        code=code("plot_transfer"),
    script:
        "../scripts/plot_transfer.py"


rule record_environment:
    """Versions, machine and commit that produced the tables."""
    input:
        runs="results/tables/runs.csv",
        requirements="pyproject.toml",
    output:
        environment="results/report/environment.json",
    log:
        "results/logs/record_environment.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code("record_environment"),
    script:
        "../scripts/record_environment.py"


rule render_report:
    """One self-contained page: question, answer, evidence, settings, environment."""
    input:
        template="scripts/templates/report.html",
        tables=[
            *expand(
                "results/tables/{table}.csv",
                table=["summary", "gates", "covers", "costs", "provenance"],
            ),
            *condensed_table(),
            *joined_outputs("results/tables/{table}.csv"),
        ],
        claims="results/report/claims.csv",
        environment="results/report/environment.json",
        accuracies=accuracy_figures(),
        frontier=frontier_figure(),
        explorer=explored_covers(),
        images=image_figures(),
        condensation=condensation_figures(),
        proofs=joined_outputs("results/figures/{table}.png"),
    output:
        report="results/report/report.html",
    log:
        "results/logs/render_report.log",
    conda:
        "../envs/figures.yaml"
    params:
        config=config,
        headline=configuration.headline(config),
        code=code("render_report"),
    script:
        "../scripts/render_report.py"
