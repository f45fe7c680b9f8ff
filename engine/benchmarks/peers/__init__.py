"""Programs of the servers that the service is measured beside; each runs in an environment of its own."""
