# From rows to tables, figures and the report.


rule collect_runs:
    """Collect one tidy table of every accuracy, and one of every gate."""
    input:
        accuracies=paths.fill_all(paths.ACCURACIES, RUNS),
        gates=paths.fill_all(paths.GATES, RUNS),
    output:
        runs=report(paths.table("runs"), caption="captions/runs.rst", category="Tables"),
        gates=report(paths.table("gates"), caption="captions/gates.rst", category="Tables"),
    log:
        paths.log("collect_runs"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        runs=RUNS,
        code=code("collect_runs"),
    script:
        "../scripts/collect_runs.py"


rule summarise_runs:
    """Summarise accuracies: mean, deviation and interval over seeds and images, as CSV and as a LaTeX table."""
    input:
        examples=paths.fill_all(paths.EXAMPLES, RUNS),
        gates=paths.table("gates"),
    output:
        summary=report(paths.table("summary"), caption="captions/summary.rst", category="Tables"),
        latex=paths.SUMMARY_LATEX,
    log:
        paths.log("summarise_runs"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        runs=RUNS,
        training_eps=settings.every_training_eps(config),
        titles=settings.titles(config),
        code=code("summarise_runs"),
    script:
        "../scripts/summarise_runs.py"


rule collect_costs:
    """Collect seconds, memory and passes through networks of every job that costs time."""
    input:
        benchmarks=outputs.benchmarks(JOBS),
        counts=outputs.counts(JOBS),
    output:
        costs=report(paths.table("costs"), caption="captions/costs.rst", category="Tables"),
    log:
        paths.log("collect_costs"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        jobs=JOBS,
        threads=declared_threads,
        code=code("collect_costs"),
    script:
        "../scripts/collect_costs.py"


rule collect_provenance:
    """Collect result file, digest, training set and cost of every model."""
    input:
        accuracies=paths.fill_all(paths.ACCURACIES, RUNS),
        costs=paths.table("costs"),
    output:
        provenance=report(
            paths.table("provenance"), caption="captions/provenance.rst", category="Tables"
        ),
    log:
        paths.log("collect_provenance"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        runs=RUNS,
        sets=[paths.trained_set(config, run) for run in RUNS],
        makers=[family.rule for family in kinds.FAMILIES.values() if family.rule],
        code=code("collect_provenance"),
    script:
        "../scripts/collect_provenance.py"


rule collect_covers:
    """Collect size, radius and bound of every cover, class by class."""
    input:
        classes=[cover["classes"] for cover in outputs.covers(config)],
        verified=[cover["verified"] for cover in outputs.covers(config)],
    output:
        covers=report(paths.table("covers"), caption="captions/covers.rst", category="Tables"),
    log:
        paths.log("collect_covers"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        covers=[cover["run"] for cover in outputs.covers(config)],
        code=code("collect_covers"),
    script:
        "../scripts/collect_covers.py"


rule collect_sets:
    """Write what others need to use the sets of a study: indices of chosen images, and centres of free covers."""
    input:
        sets=[paths.training_set(config, made) for made in outputs.chosen_sets(config)],
    output:
        indices=report(paths.table("indices"), caption="captions/indices.rst", category="Tables"),
        centres=paths.fill_all(paths.CENTRES, outputs.free_covers(config)),
    log:
        paths.log("collect_sets"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        sets=outputs.chosen_sets(config),
        code=code("collect_sets"),
    script:
        "../scripts/collect_sets.py"


rule collect_condensed:
    """Collect clamping, loss and passes through networks of every condensed set."""
    input:
        summaries=outputs.condensed_summaries(config),
        histories=outputs.condensed_histories(config),
    output:
        condensed=report(
            paths.table("condensed"), caption="captions/condensed.rst", category="Tables"
        ),
    log:
        paths.log("collect_condensed"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        runs=outputs.condensed_runs(config),
        code=code("collect_condensed"),
    script:
        "../scripts/collect_condensed.py"


rule collect_tables:
    """Join the tables of all jobs of one kind: certificates, bounds, transferred attacks, tests of claims."""
    input:
        tables=of_study(outputs.joined_paths, "table"),
    output:
        table=report(paths.TABLE, caption="captions/tables.rst", category="Tables"),
    log:
        paths.log("collect_tables"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        runs=of_study(outputs.joined_runs, "table"),
        code=code("collect_tables"),
    script:
        "../scripts/collect_tables.py"


rule check_claim:
    """Put one claim to the test on the models that it compares, running only the jobs that these need."""
    input:
        examples=of_claim(claims.compared_runs, paths.EXAMPLES),
        sets=of_claim(outputs.compared_sets),
        bounds=of_claim(claims.traced_runs, paths.BOUND),
    output:
        verdicts=paths.CLAIM,
    log:
        paths.log("check_claim"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        claim=lookup(within=CLAIMS, dpath="{claim}"),
        runs=of_claim(claims.compared_runs),
        traced=of_claim(claims.traced_runs),
        compared=settings.compared_trainings(config),
        code=code("check_claim"),
    script:
        "../scripts/check_claim.py"


use rule collect_tables as collect_claims with:
    input:
        tables=expand(paths.CLAIM, claim=CLAIMS),
    output:
        table=report(paths.CLAIMS, caption="captions/claims.rst", category="Tables"),
    log:
        paths.log("collect_claims"),
    params:
        runs=[{"claim": claim} for claim in CLAIMS],
        code=code("collect_tables"),


rule describe_tables:
    """Describe every column of every table, as a Frictionless data package."""
    input:
        tables=list(outputs.tables(config).values()),
    output:
        package=paths.DATA_PACKAGE,
    log:
        paths.log("describe_tables"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        names=list(outputs.tables(config)),
        code=code("describe_tables"),
    script:
        "../scripts/describe_tables.py"


rule plot_figure:
    """Draw a figure from tables of the whole study: accuracies, transferred attacks, certificates, bounds."""
    input:
        tables=of_study(figures.tables_of, "figure"),
    output:
        pdf=report(paths.FIGURE_PDF, caption="captions/figures.rst", category="Figures"),
        png=paths.FIGURE_PNG,
    log:
        paths.log("plot_figure"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        tables=of_study(figures.table_names, "figure"),
        caption=of_study(figures.caption_of, "figure"),
        study=figures.drawn_with(config),
        code=code("plot_figure"),
    script:
        "../scripts/plot_figure.py"


rule plot_frontier:
    """Draw the size of covers against their radius, with lower bounds."""
    input:
        frontiers=[part["path"] for part in outputs.frontier_parts(config)],
    output:
        pdf=report(paths.FRONTIER_PDF, caption="captions/figures.rst", category="Figures"),
        png=paths.FRONTIER_PNG,
    log:
        paths.log("plot_frontier"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        datasets=[
            settings.titles(config)[part["dataset"]] for part in outputs.frontier_parts(config)
        ],
        norm=lookup(within=config, dpath="frontier/norm"),
        caption=figures.caption_of(config, "frontier"),
        code=code("plot_frontier"),
    script:
        "../scripts/plot_frontier.py"


rule plot_images:
    """Draw the chosen and the synthetic images of every method."""
    input:
        sets=of_study(outputs.shown_set_paths, "dataset"),
    output:
        pdf=report(paths.IMAGES_PDF, caption="captions/figures.rst", category="Figures"),
        png=paths.IMAGES_PNG,
    log:
        paths.log("plot_images"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        names=of_study(outputs.shown_set_names, "dataset"),
        caption=figures.caption_of(config, "images"),
        code=code("plot_images"),
    script:
        "../scripts/plot_images.py"


rule plot_adversarial:
    """Draw a few test images with what the attacks made of them, for a model of every family of methods."""
    input:
        pictures=of_study(outputs.picture_paths, "dataset"),
    output:
        pdf=report(paths.ADVERSARIAL_PDF, caption="captions/figures.rst", category="Figures"),
        png=paths.ADVERSARIAL_PNG,
    log:
        paths.log("plot_adversarial"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        names=of_study(outputs.picture_names, "dataset"),
        threat=of_study(figures.pictured_threat, "dataset"),
        caption=figures.caption_of(config, "adversarial"),
        code=code("plot_adversarial"),
    script:
        "../scripts/plot_adversarial.py"


rule plot_condensation:
    """Draw the loss of every condensation of a data set, and how its images change over the iterations."""
    input:
        histories=of_study(outputs.histories, "dataset"),
        snapshots=of_study(outputs.snapshots, "dataset"),
    output:
        pdf=report(paths.CONDENSATION_PDF, caption="captions/figures.rst", category="Figures"),
        png=paths.CONDENSATION_PNG,
    log:
        paths.log("plot_condensation"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        runs=of_study(outputs.shown_condensations, "dataset"),
        order=lookup(within=config, dpath="figures/methods"),
        caption=figures.caption_of(config, "condensation"),
        code=code("plot_condensation"),
    script:
        "../scripts/plot_condensation.py"


rule record_environment:
    """Record the versions, machine and commit that produced the tables."""
    input:
        runs=paths.table("runs"),
        requirements=str(ROOT / "pyproject.toml"),
    output:
        environment=paths.ENVIRONMENT,
    log:
        paths.log("record_environment"),
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        code=code("record_environment"),
    script:
        "../scripts/record_environment.py"


rule render_report:
    """Render one self-contained page: question, answer, evidence, settings, environment."""
    input:
        template=str(ROOT / "scripts" / "templates" / "report.html"),
        library=[str(ROOT / "scripts" / "templates" / name) for name in figures.TABLE_LIBRARY],
        tables=[paths.table(name) for name in outputs.report_tables(config)],
        claims=paths.CLAIMS,
        environment=paths.ENVIRONMENT,
        package=paths.DATA_PACKAGE,
        figures=[figure["path"] for figure in figures.of_study(config)],
        pdfs=[figure["pdf"] for figure in figures.of_study(config)],
        explorer=outputs.explored_covers(config),
        summaries=[noted["path"] for noted in outputs.noted(config)],
    output:
        report=paths.REPORT,
    log:
        paths.log("render_report"),
    localrule: True
    conda:
        "../envs/figures.yaml"
    params:
        tables=outputs.report_tables(config),
        figures=figures.of_study(config),
        noted=[noted["name"] for noted in outputs.noted(config)],
        study={
            "training_eps": settings.every_training_eps(settings.titled(config)),
            "baselines": claims.baseline_claims(CLAIMS),
            "overlays": [os.path.relpath(file) for file in workflow.overwrite_configfiles],
        },
        config=config,
        code=code("render_report"),
    script:
        "../scripts/render_report.py"
