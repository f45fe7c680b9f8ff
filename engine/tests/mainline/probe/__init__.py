"""Tests of what asks a service that runs somewhere."""
