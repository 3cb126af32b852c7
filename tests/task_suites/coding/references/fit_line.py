from math import fsum


def fit_line(points):
    if len(points) < 2:
        raise ValueError("at least two points")
    xs, ys = zip(*points, strict=True)
    if min(xs) == max(xs):
        raise ValueError("vertical line")
    x_mean, y_mean = fsum(xs) / len(xs), fsum(ys) / len(ys)
    x_spread = fsum((x - x_mean) ** 2 for x in xs)
    y_spread = fsum((y - y_mean) ** 2 for y in ys)
    slope = fsum((x - x_mean) * (y - y_mean) for x, y in points) / x_spread
    residuals = fsum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in points)
    return slope, y_mean - slope * x_mean, 1 - residuals / y_spread if y_spread else 1.0
