"""A person's rows removed from data, logs and stored objects, and looked for afterwards."""
