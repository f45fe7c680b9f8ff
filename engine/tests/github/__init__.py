"""The workflows: their policy, and a run of the real files against a stand-in for GitHub."""
