# The only steps that read the test images.


rule attack_model:
    """Attack one model in every norm and size of its data set; a row per image and attack, and the gates."""
    input:
        model="results/{dataset}/models/{subset}/{training}/{model}/seed{seed}/model.pt",
        test="results/{dataset}/data/test.npy",
    output:
        examples="results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/examples.parquet",
        accuracies="results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/accuracies.csv",
        gates="results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/gates.csv",
        cost="results/{dataset}/attacks/{subset}/{training}/{model}/seed{seed}/cost.json",
    log:
        "results/logs/attack_model/{dataset}/{subset}/{training}/{model}/seed{seed}.log",
    benchmark:
        "results/benchmarks/attack_model/{dataset}/{subset}/{training}/{model}/seed{seed}.tsv"
    conda:
        "../envs/attacks.yaml"
    resources:
        mem_mb=3000,
    params:
        threat=threat_model,
        examples=config["evaluation"]["examples"],
        attacks=configuration.attacks(config),
        verdict=verdict,
        kind=training_kind,
        code=code("attack_model"),
    script:
        "../scripts/attack_model.py"


rule transfer_attacks:
    """Attack every model of a training by what breaks each of the others."""
    input:
        models=transfer_models,
        test="results/{dataset}/data/test.npy",
    output:
        transfer="results/{dataset}/transfer/{training}/{model}/seed{seed}.csv",
    log:
        "results/logs/transfer_attacks/{dataset}/{training}/{model}/seed{seed}.log",
    benchmark:
        "results/benchmarks/transfer_attacks/{dataset}/{training}/{model}/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=3000,
    params:
        subsets=transfer_subsets,
        sizes=training_sizes,
        attack=strongest_descent(),
        examples=config["evaluation"]["transfer"],
        code=code("transfer_attacks"),
    script:
        "../scripts/transfer_attacks.py"
