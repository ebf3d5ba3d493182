"""Where labelled images come from, and which of them stand for all."""
