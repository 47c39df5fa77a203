"""Plots of growth as SVG: both axes logarithmic, measured points, and a dashed line beyond them."""

import math
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 840, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 330, 20, 50
_LINE = 17  # between two labels
_COLOURS = ("#a5371f", "#2f6f5e", "#35507a", "#8a6d1f", "#7a4a7a")


@dataclass(frozen=True)
class Line:
    """What was measured at each count, and the straight line that was fitted to it."""

    name: str
    measured: dict[int, float]
    constant: float
    slope: float

    def at(self, count: float) -> float:
        return self.constant + self.slope * count


def plot(unit: str, lines: list[Line], planned: int) -> str:
    counts = sorted({count for line in lines for count in line.measured})
    values = [v for line in lines for v in (*line.measured.values(), line.at(planned)) if v > 0]
    low, high = 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))

    def x(count: float) -> float:
        share = math.log(count / counts[0]) / math.log(planned / counts[0])
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        share = math.log(max(value, low) / low) / math.log(high / low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="13" role="img" aria-label="{escape(unit)}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    level = low
    while level <= high * 1.001:
        parts.append(_rule(_LEFT, y(level), _WIDTH - _RIGHT, y(level), f"{level:g}", _LEFT - 8))
        level *= 10
    for count in (*counts, planned):
        parts.append(_text(x(count), _HEIGHT - 28, str(count), "middle"))
    parts.append(_text(_LEFT, _HEIGHT - 8, f"recordings; {unit}, dashed: extrapolated"))
    places = _apart([y(line.at(planned)) + 4 for line in lines])
    for colour, line, place in zip(_COLOURS, lines, places, strict=False):
        dots = [(x(count), y(value)) for count, value in line.measured.items()]
        parts.append(_polyline(dots, colour, ""))
        beyond = [dots[-1], (x(planned), y(line.at(planned)))]
        parts.append(_polyline(beyond, colour, ' stroke-dasharray="5 5"'))
        parts += [f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="4" fill="{colour}"/>' for cx, cy in dots]
        label = f"{line.name}: {_rounded(line.at(planned))}"
        parts.append(_text(_WIDTH - _RIGHT + 8, place, label, "start", colour))
    return "\n".join([*parts, "</svg>\n"])


def _apart(wanted: list[float]) -> list[float]:
    """Where labels stand that want to stand there, and must not stand on one another."""
    places: dict[int, float] = {}
    last = -math.inf
    for n in sorted(range(len(wanted)), key=wanted.__getitem__):
        last = places[n] = max(wanted[n], last + _LINE)
    return [places[n] for n in range(len(wanted))]


def _rounded(value: float) -> str:
    """Two digits that count, written out: 120, 9, 0.46."""
    digits = 1 - math.floor(math.log10(abs(value))) if value else 0
    return f"{round(value, digits):.{max(digits, 0)}f}"


def _text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#222") -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}>{escape(words)}</text>"


def _rule(x1: float, y1: float, x2: float, y2: float, label: str, at: float) -> str:
    line = f'<line x1="{x1:.0f}" y1="{y1:.1f}" x2="{x2:.0f}" y2="{y2:.1f}" stroke="#ddd"/>'
    return line + _text(at, y1 + 4, label, "end")


def _polyline(points: list[tuple[float, float]], colour: str, more: str) -> str:
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{more}/>'
