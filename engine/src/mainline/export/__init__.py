"""What is on record here, in the forms that other tools read: none of them is needed to write it."""
