"""What a cell of a file says of a missing value: one rule, wherever text is read.

In a column of text an empty cell is missing, and every other is what it says: `NA` is Namibia, and `None` may be a
class or an id. In a column of numbers or times a cell of `IN_NUMBERS` is missing as well, since no number is written
so. What else stands for a missing value is declared by column: `./mainline new TABLE --missing COLUMN TEXT`.
"""

IN_NUMBERS = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None")
"""Cells that hold no number and no time; spaces around them do not count."""
