"""The model package: everything needed to answer a request."""
