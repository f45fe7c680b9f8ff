"""Numbers as a person reads them at a terminal."""


def four(value: float) -> str:
    """Show a number with four significant digits, and a large one in full: 0.8716, 253,900."""
    shown = f"{value:.4g}"
    return f"{float(shown):,.0f}" if 1e4 <= abs(value) < 1e15 else shown
