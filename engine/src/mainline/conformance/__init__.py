"""What is asked of a use case where the machinery meets it: an error is named at its source."""
