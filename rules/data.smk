# From a publisher, a mirror or your own files to checked, memory-mappable sets of labelled images.


rule download_dataset:
    """Fetch a data set (bundled, mirror, download, your own) as four plain arrays."""
    input:
        files=of_study(settings.source_inputs, "dataset"),
    output:
        raw=paths.RAW,
        notes=paths.NOTES,
    log:
        paths.log("download_dataset"),
    benchmark:
        paths.benchmark("download_dataset")
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=memory(4000),
    params:
        settings=of_study(settings.source_settings, "dataset"),
        contents=of_study(settings.source_contents, "dataset"),
        code=code("download_dataset"),
    script:
        "../scripts/download_dataset.py"


rule prepare_dataset:
    """Check the arrays and store them as sets of labelled images in [0, 1]."""
    input:
        raw=paths.RAW,
        notes=paths.NOTES,
    output:
        train=paths.TRAIN,
        test=paths.TEST,
        summary=paths.SUMMARY,
    log:
        paths.log("prepare_dataset"),
    benchmark:
        paths.benchmark("prepare_dataset")
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=memory(4000),
    params:
        normalisation=entry("datasets/{dataset}/normalisation"),
        code=code("prepare_dataset"),
    script:
        "../scripts/prepare_dataset.py"
