# The environment of all rules, with the same hashes as `make setup`, and the workflow itself.
#   docker build -t finite-cover .
#   docker run --rm -v "$PWD/results:/study/results" -v "$PWD/.snakemake:/study/.snakemake" finite-cover --cores 8 \
#     --configfile config/smoke.yaml
# .snakemake holds what a second run compares settings and code with.
# Apptainer: apptainer build finite-cover.sif docker-daemon://finite-cover:latest
FROM python:3.11.7-slim-bookworm

RUN apt-get update && apt-get install -y --no-install-recommends git make && rm -rf /var/lib/apt/lists/*
WORKDIR /study
COPY requirements.txt requirements-uv.txt Makefile ./
RUN PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 make setup
ENV PATH="/study/.venv/bin:$PATH"
COPY . .
ENTRYPOINT ["snakemake"]
CMD ["--cores", "all", "--configfile", "config/smoke.yaml"]
