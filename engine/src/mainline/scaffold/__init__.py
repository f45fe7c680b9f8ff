"""From a table to a use case: what is in the table, what that means, and the files that say so."""
