"""How a version that git assigns comes to answer requests: policy, steps, analysis, and the way back."""
