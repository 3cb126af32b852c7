"""The textbook's formula, which far from the origin loses every digit, and no word on points it cannot fit."""


def fit_line(points):
    n = len(points)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x, y = sum(xs), sum(ys)
    xx, xy, yy = sum(x * x for x in xs), sum(x * y for x, y in points), sum(y * y for y in ys)
    slope = (n * xy - x * y) / (n * xx - x * x)
    return slope, (y - slope * x) / n, (n * xy - x * y) ** 2 / ((n * xx - x * x) * (n * yy - y * y))
