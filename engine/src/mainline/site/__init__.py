"""A static site of versions, environments, monitoring, delivery, score and guides, from git alone."""
