# The only step that reads the test images.


rule attack_model:
    """Attack one model in every norm and size of its data set; a row per image and attack, and the gates."""
    input:
        model="results/{dataset}/models/{subset}/{training}/{model}/seed{seed}/model.pt",
        test="results/{dataset}/data/test.npy",
    output:
        examples="results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/examples.parquet",
        accuracies="results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/accuracies.csv",
        gates="results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/gates.csv",
    log:
        "results/logs/attack_model/{dataset}/{subset}/{training}/{model}/seed{seed}.log",
    benchmark:
        "results/benchmarks/attack_model/{dataset}/{subset}/{training}/{model}/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=3000,
    params:
        threat=threat_model,
        evaluation=config["evaluation"],
        kind=training_kind,
        code=code("attack_model"),
    script:
        "../scripts/attack_model.py"
