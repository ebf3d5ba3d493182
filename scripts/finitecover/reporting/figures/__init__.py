"""Drawing of every figure; `study.figures` says what there is."""
