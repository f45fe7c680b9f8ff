"""What is on record of a released version, in the forms that others ask for; read, and never run."""
