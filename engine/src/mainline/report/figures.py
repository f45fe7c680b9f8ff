"""Numbers as a person reads them: four digits, a real minus sign, and bounded in length whatever they are."""

import math

UNKNOWN = "\N{EN DASH}"
"""Stands where there is no number or no text."""

_MANY = 99.995  # as a share; from there on a percentage says nothing
_MINUS = str.maketrans({"-": "\N{MINUS SIGN}"})
_SPACE = "\N{NO-BREAK SPACE}"


def number(value: float, significant: int = 4) -> str:
    """Show a number with so many significant digits."""
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e7:  # longer rows of digits could be taken for a commit
        return f"{value:.3g}".translate(_MINUS)
    digits = max(0, significant - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}".translate(_MINUS)


def known(value: float | None) -> str:
    """Show a number, or a dash if there is none."""
    return UNKNOWN if value is None else number(value)


def percent(share: float) -> str:
    """Show a relative difference, such as 0.0123, with its sign: +1.2 %."""
    if abs(share) >= _MANY:
        return f"{'≥+' if share > 0 else '≤-'}9,999{_SPACE}%".translate(_MINUS)
    shown = f"{share * 100:+.1f}"
    return f"{'0.0' if float(shown) == 0 else shown}{_SPACE}%".translate(_MINUS)


def signed(value: float) -> str:
    """Show a difference in the unit of what differs, with its sign: +0.04000."""
    return f"+{number(value)}" if value > 0 else number(value)


def share(value: float) -> str:
    """Show a share, such as a confidence or a margin, without a sign: 95 %."""
    return f"{min(max(value, -_MANY), _MANY) * 100:.4g}{_SPACE}%".translate(_MINUS)


def interval(low: float | None, high: float | None) -> str:
    """Show the bounds of a relative difference; a dash if they are unknown."""
    if low is None or high is None:
        return UNKNOWN
    return f"{percent(low).removesuffix(f'{_SPACE}%')} to {percent(high)}"


def relative(candidate: float, other: float | None) -> float | None:
    """Return candidate / other - 1; None where that says nothing, as with a zero or another sign."""
    if not other or candidate * other < 0:
        return None
    ratio = candidate / other
    return ratio - 1 if math.isfinite(ratio) else None


def cell(number_of: int) -> str:
    """Show a count in a cell: in full up to ten million."""
    return f"{number_of:,}" if number_of < 10**7 else number(number_of)


def size(size_bytes: int) -> str:
    """Show a size in the unit that suits it."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size_bytes < 1000 or unit == "GB":
            break
        size_bytes /= 1000  # type: ignore[assignment]
    return f"{number(size_bytes)} {unit}"
