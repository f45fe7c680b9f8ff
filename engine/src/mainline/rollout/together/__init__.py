"""One rollout for all servers of an environment: they elect one that decides, and keep what it decided in git."""
