"""How the engine is built: rooms in one order, the check that holds it, its figures and its picture."""
