# Finite covers: every training image lies within a radius of a centre of its class, a real image or a free one.
# `threads` classes are covered at a time; part of `mem_mb` holds distances: those that do not fit are recomputed.


rule solve_cover:
    """Cover every class, for a budget or a radius; verify the cover and its bound before writing it."""
    input:
        unpack(of_study(outputs.features_of, "dataset", "training_set")),
        train=paths.TRAIN,
    output:
        train=paths.COVER_SET,
        cover=paths.COVER,
        classes=paths.COVER_CLASSES,
        steps=paths.COVER_STEPS,
    log:
        paths.log("solve_cover"),
    benchmark:
        paths.benchmark("solve_cover")
    conda:
        "../envs/covers.yaml"
    threads: 2
    resources:
        mem_mb=memory(6000),
    params:
        settings=of_study(settings.method_settings, "dataset", "training_set"),
        code=code("solve_cover"),
    script:
        "../scripts/solve_cover.py"


rule embed_dataset:
    """Compute features of every training image, in which covers may be chosen: principal components, or a network's."""
    input:
        unpack(of_study(outputs.model_of, "dataset", "space")),
        train=paths.TRAIN,
    output:
        features=paths.FEATURES,
    log:
        paths.log("embed_dataset"),
    benchmark:
        paths.benchmark("embed_dataset")
    conda:
        "../envs/covers.yaml"
    resources:
        mem_mb=memory(6000),
    params:
        code=code("embed_dataset"),
    script:
        "../scripts/embed_dataset.py"


rule verify_cover:
    """Check everything stored about a cover, and the proof of its bound, with code that shares nothing with the solver."""
    input:
        train=paths.TRAIN,
        chosen=paths.COVER_SET,
        cover=paths.COVER,
        classes=paths.COVER_CLASSES,
    output:
        verified=paths.COVER_VERIFIED,
    log:
        paths.log("verify_cover"),
    benchmark:
        paths.benchmark("verify_cover")
    conda:
        "../envs/covers.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        settings=of_study(settings.cover_settings, "dataset", "training_set"),
        code=code("verify_cover"),
    script:
        "../scripts/verify_cover.py"


rule explore_cover:
    """Project a cover onto a plane, with the images that the report's explorer shows."""
    input:
        train=paths.TRAIN,
        chosen=paths.COVER_SET,
        cover=paths.COVER,
    output:
        explorer=paths.COVER_EXPLORER,
    log:
        paths.log("explore_cover"),
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        settings=of_study(settings.cover_settings, "dataset", "training_set"),
        covers=len(outputs.explored_covers(config)) or 1,
        code=code("explore_cover"),
    script:
        "../scripts/explore_cover.py"


rule trace_frontier:
    """Trace the size of a cover, with its lower bound, against the radius, class by class."""
    input:
        train=paths.TRAIN,
    output:
        frontier=paths.FRONTIER,
    log:
        paths.log("trace_frontier"),
    benchmark:
        paths.benchmark("trace_frontier")
    conda:
        "../envs/covers.yaml"
    threads: 2
    resources:
        mem_mb=memory(6000),
    params:
        settings=of_study(settings.frontier_settings, "dataset"),
        code=code("trace_frontier"),
    script:
        "../scripts/trace_frontier.py"


use rule verify_cover as verify_condensed_cover with:
    input:
        train=paths.TRAIN,
        chosen=paths.CONDENSED_COVER_SET,
        cover=paths.CONDENSED_COVER,
        classes=paths.CONDENSED_COVER_CLASSES,
    output:
        verified=paths.CONDENSED_COVER_VERIFIED,
    log:
        paths.log("verify_condensed_cover"),
    benchmark:
        paths.benchmark("verify_condensed_cover")


use rule explore_cover as explore_condensed_cover with:
    input:
        train=paths.TRAIN,
        chosen=paths.CONDENSED_COVER_SET,
        cover=paths.CONDENSED_COVER,
    output:
        explorer=paths.CONDENSED_COVER_EXPLORER,
    log:
        paths.log("explore_condensed_cover"),


use rule verify_cover as verify_imported_cover with:
    input:
        train=paths.TRAIN,
        chosen=paths.IMPORTED_COVER_SET,
        cover=paths.IMPORTED_COVER,
        classes=paths.IMPORTED_COVER_CLASSES,
    output:
        verified=paths.IMPORTED_COVER_VERIFIED,
    log:
        paths.log("verify_imported_cover"),
    benchmark:
        paths.benchmark("verify_imported_cover")


use rule explore_cover as explore_imported_cover with:
    input:
        train=paths.TRAIN,
        chosen=paths.IMPORTED_COVER_SET,
        cover=paths.IMPORTED_COVER,
    output:
        explorer=paths.IMPORTED_COVER_EXPLORER,
    log:
        paths.log("explore_imported_cover"),
