# Minimal finite covers: real images such that every training image lies within a radius of one of its class.
# `threads` classes are covered at a time; of `mem_mb`, a part holds distances: what does not fit is computed anew.


rule solve_cover:
    """Cover every class, for a budget or a radius; verify the cover and its bound before writing it."""
    input:
        unpack(cover_features),
        train="results/{dataset}/data/train.npy",
    output:
        train="results/{dataset}/covers/{subset}/train.npy",
        cover="results/{dataset}/covers/{subset}/cover.npz",
        classes="results/{dataset}/covers/{subset}/classes.csv",
        steps="results/{dataset}/covers/{subset}/steps.csv",
    log:
        "results/logs/solve_cover/{dataset}/{subset}.log",
    benchmark:
        "results/benchmarks/solve_cover/{dataset}/{subset}.tsv"
    conda:
        "../envs/covers.yaml"
    threads: 2
    resources:
        mem_mb=6000,
    params:
        settings=subset_settings,
        code=code("solve_cover"),
    script:
        "../scripts/solve_cover.py"


rule embed_dataset:
    """Features of every training image, in which covers may be chosen: principal components, or those of a network."""
    input:
        unpack(embedding_model),
        train="results/{dataset}/data/train.npy",
    output:
        features="results/{dataset}/features/{space}.npy",
    log:
        "results/logs/embed_dataset/{dataset}/{space}.log",
    benchmark:
        "results/benchmarks/embed_dataset/{dataset}/{space}.tsv"
    conda:
        "../envs/covers.yaml"
    resources:
        mem_mb=6000,
    params:
        code=code("embed_dataset"),
    script:
        "../scripts/embed_dataset.py"


rule verify_cover:
    """Check a stored cover, and the prices that prove its bound, by code that shares nothing with the solver's."""
    input:
        train="results/{dataset}/data/train.npy",
        chosen="results/{dataset}/covers/{subset}/train.npy",
        cover="results/{dataset}/covers/{subset}/cover.npz",
        classes="results/{dataset}/covers/{subset}/classes.csv",
    output:
        verified="results/{dataset}/covers/{subset}/verified.csv",
    log:
        "results/logs/verify_cover/{dataset}/{subset}.log",
    benchmark:
        "results/benchmarks/verify_cover/{dataset}/{subset}.tsv"
    conda:
        "../envs/covers.yaml"
    resources:
        mem_mb=3000,
    params:
        settings=subset_settings,
        code=code("verify_cover"),
    script:
        "../scripts/verify_cover.py"


rule explore_cover:
    """Project a cover on a plane, with the images that the report's explorer shows of it."""
    input:
        train="results/{dataset}/data/train.npy",
        cover="results/{dataset}/covers/{subset}/cover.npz",
    output:
        explorer="results/{dataset}/covers/{subset}/explorer.json",
    log:
        "results/logs/explore_cover/{dataset}/{subset}.log",
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=3000,
    params:
        settings=subset_settings,
        covers=len(explored_covers()) or 1,
        code=code("explore_cover"),
    script:
        "../scripts/explore_cover.py"


rule trace_frontier:
    """Size of a cover, with its lower bound, against the radius, class by class."""
    input:
        train="results/{dataset}/data/train.npy",
    output:
        frontier="results/{dataset}/frontier.csv",
    log:
        "results/logs/trace_frontier/{dataset}.log",
    benchmark:
        "results/benchmarks/trace_frontier/{dataset}.tsv"
    conda:
        "../envs/covers.yaml"
    threads: 2
    resources:
        mem_mb=6000,
    params:
        settings=frontier_settings,
        code=code("trace_frontier"),
    script:
        "../scripts/trace_frontier.py"
