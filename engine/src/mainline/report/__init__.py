"""The report of a pull request: the gate's findings as Markdown for a comment, and as one HTML file."""
