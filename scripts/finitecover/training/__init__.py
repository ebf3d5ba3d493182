"""Networks and how they are trained: norms' balls, attacks, objectives, one loop."""
