"""The questions that the policy asks of a candidate, one file for each group."""
