"""What the contract asks of any use case, claim by claim; `tests/test_contract.py` runs them."""
