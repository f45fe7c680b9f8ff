"""Packages as artifacts of a container registry, by the OCI specifications."""
