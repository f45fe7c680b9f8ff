"""What a table holds, before anybody models it: each column, what goes with the label, what moves, what to mind."""
