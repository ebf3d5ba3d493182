# Synthetic training sets, with which covers are compared.


rule train_expert:
    """Train an expert on the real images, whose trajectory is matched; for all budgets and seeds."""
    input:
        train=paths.TRAIN,
        summary=paths.SUMMARY,
    output:
        trajectory=paths.EXPERT,
        cost=paths.EXPERT_COST,
    log:
        paths.log("train_expert"),
    benchmark:
        paths.benchmark("train_expert")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(4000),
    params:
        settings=lookup(within=config, dpath="experts"),
        model=entry("models/{model}"),
        augmentation=entry("datasets/{dataset}/augmentation"),
        code=code("train_expert"),
    script:
        "../scripts/train_expert.py"


rule condense_dataset:
    """Make synthetic images of every class."""
    input:
        unpack(of_study(outputs.start_of, "dataset", "training_set", "seed")),
        unpack(of_study(outputs.teacher_of_set, "dataset", "training_set", "seed")),
        train=paths.TRAIN,
        summary=paths.SUMMARY,
        experts=of_study(outputs.experts_of, "dataset", "training_set"),
    output:
        train=paths.CONDENSED_SET,
        history=paths.CONDENSED_HISTORY,
        snapshots=paths.CONDENSED_SNAPSHOTS,
        summary=paths.CONDENSED_SUMMARY,
    log:
        paths.log("condense_dataset"),
    benchmark:
        paths.benchmark("condense_dataset")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(4000),
    params:
        settings=of_study(settings.method_settings, "dataset", "training_set"),
        model=of_study(settings.network_of, "training_set"),
        augmentation=entry("datasets/{dataset}/augmentation"),
        code=code("condense_dataset"),
    script:
        "../scripts/condense_dataset.py"


rule cover_condensed:
    """Use condensed images as a cover: which images each one stands for, and their distances."""
    input:
        train=paths.TRAIN,
        condensed=paths.CONDENSED_SET,
    output:
        train=paths.CONDENSED_COVER_SET,
        cover=paths.CONDENSED_COVER,
        classes=paths.CONDENSED_COVER_CLASSES,
    log:
        paths.log("cover_condensed"),
    benchmark:
        paths.benchmark("cover_condensed")
    conda:
        "../envs/covers.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        settings=of_study(settings.cover_settings, "dataset", "training_set"),
        code=code("cover_condensed"),
    script:
        "../scripts/cover_condensed.py"


rule import_set:
    """Import a set that a reference implementation or another study made."""
    input:
        unpack(of_study(outputs.images_of_indices, "dataset", "training_set")),
        condensed=of_study(settings.imported_files, "dataset", "training_set"),
        summary=paths.SUMMARY,
    output:
        train=paths.IMPORTED_SET,
        summary=paths.IMPORTED_SUMMARY,
    log:
        paths.log("import_set"),
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        settings=of_study(settings.method_settings, "dataset", "training_set"),
        code=code("import_set"),
    script:
        "../scripts/import_set.py"


rule export_condensed:
    """Write synthetic images in the formats of the reference implementations; only on request."""
    input:
        train=paths.CONDENSED_SET,
        summary=paths.SUMMARY,
    output:
        dc=paths.CONDENSED_EXPORTED_DC,
        mtt_images=paths.CONDENSED_EXPORTED_MTT_IMAGES,
        mtt_labels=paths.CONDENSED_EXPORTED_MTT_LABELS,
    log:
        paths.log("export_condensed"),
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        code=code("export_condensed"),
    script:
        "../scripts/export_condensed.py"


use rule export_condensed as export_labelled with:
    input:
        train=paths.LABELLED_SET,
        summary=paths.SUMMARY,
    output:
        dc=paths.LABELLED_EXPORTED_DC,
        mtt_images=paths.LABELLED_EXPORTED_MTT_IMAGES,
        mtt_labels=paths.LABELLED_EXPORTED_MTT_LABELS,
    log:
        paths.log("export_labelled"),


use rule cover_condensed as cover_imported with:
    input:
        train=paths.TRAIN,
        condensed=paths.IMPORTED_SET,
    output:
        train=paths.IMPORTED_COVER_SET,
        cover=paths.IMPORTED_COVER,
        classes=paths.IMPORTED_COVER_CLASSES,
    log:
        paths.log("cover_imported"),
    benchmark:
        paths.benchmark("cover_imported")
