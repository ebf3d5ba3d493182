"""From tables of jobs to statistics, verdicts, figures and the report."""
