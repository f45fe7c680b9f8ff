"""What is asked of any use case and of its model, claim by claim; two files of `tests/` run them."""
