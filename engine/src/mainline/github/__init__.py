"""What the workflows ask of GitHub, as commands that also run on a laptop."""
