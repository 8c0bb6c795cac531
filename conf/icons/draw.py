# conf/icons/draw.py: draws the icons that gateways have by default, 64x64, beside itself
#
# Python's own library is enough.  The pictures are ours, under the licence of everything here, and
# show no network's mark.  What is built takes the PNG files: run this only to change them, with
# /usr/bin/python3 conf/icons/draw.py
#
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each icon is a list of (colour, shape), the last on top; a shape tells of a point whether it is in
it, or how much of the pixel around it is, as 4 x 4 points a pixel are asked."""

import math
import os
import struct
import zlib

SIZE, FINE = 64, 4
WHITE = (255, 255, 255)


def disc(cx, cy, r):
    return lambda x, y: math.hypot(x - cx, y - cy) <= r


def ring(cx, cy, r, width, begin=-180, end=180):
    """Of the part between two angles, 0 to the right, 90 downwards."""
    def inside(x, y):
        angle = math.degrees(math.atan2(y - cy, x - cx))
        return abs(math.hypot(x - cx, y - cy) - r) <= width / 2 and begin <= angle <= end
    return inside


def line(width, *points):
    """With round ends and corners."""
    def near(x, y, a, b):
        dx, dy = b[0] - a[0], b[1] - a[1]
        t = max(0, min(1, ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy)))
        return math.hypot(x - a[0] - t * dx, y - a[1] - t * dy) <= width / 2
    return lambda x, y: any(near(x, y, a, b) for a, b in zip(points, points[1:]))


def box(left, top, right, bottom, r):
    """With round corners."""
    def inside(x, y):
        cx, cy = max(left + r, min(right - r, x)), max(top + r, min(bottom - r, y))
        return math.hypot(x - cx, y - cy) <= r
    return inside


def triangle(*points):
    def inside(x, y):
        signs = [(b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) >= 0
                 for a, b in zip(points, points[1:] + points[:1])]
        return all(signs) or not any(signs)
    return inside


def union(*shapes):
    return lambda x, y: any(shape(x, y) for shape in shapes)


def mirrored(shape):
    return lambda x, y: shape(SIZE - x, y)


def plate(colour):
    return (colour, box(1, 1, 63, 63, 14))


SUN = (255, 205, 60)
RAYS = [line(3.5, (41 + 14 * math.cos(a), 23 + 14 * math.sin(a)),
             (41 + 18 * math.cos(a), 23 + 18 * math.sin(a)))
        for a in (math.radians(d) for d in range(0, 360, 45))]
CLOUD = union(disc(22, 41, 9), disc(33, 36, 11), disc(44, 42, 8), box(14, 40, 51, 50, 5))
WAVES = union(*(ring(32, 32, r, 4.5, -48, 48) for r in (13.5, 22)))

ICONS = {
    "stocks": [plate((38, 110, 70)), (WHITE, line(3.5, (13, 13), (13, 51), (52, 51))),
               (WHITE, line(4.5, (20, 42), (29, 31), (37, 37), (51, 18)))],
    "weather": [plate((62, 130, 200)), (SUN, union(disc(41, 23, 10.5), *RAYS)), (WHITE, CLOUD)],
    "rss": [plate((120, 72, 150)), (WHITE, union(disc(32, 32, 5.5), WAVES, mirrored(WAVES)))],
    "clock": [plate((84, 96, 112)), (WHITE, ring(32, 32, 20, 5)),
              (WHITE, line(4.5, (32, 20), (32, 32), (41, 37)))],
    "irc": [plate((52, 84, 160)), (WHITE, union(
        line(5, (27, 15), (22, 49)), line(5, (42, 15), (37, 49)),
        line(5, (16, 26), (49, 26)), line(5, (15, 39), (48, 39))))],
    "other": [plate((30, 125, 135)), (WHITE, union(box(11, 14, 53, 43, 11), triangle(
        (20, 38), (34, 42), (20, 54)))),
              ((30, 125, 135), union(disc(22, 28.5, 3.2), disc(32, 28.5, 3.2), disc(42, 28.5, 3.2)))],
}


def pixel(layers, px, py):
    """(red, green, blue, alpha)"""
    colour, alpha = (0, 0, 0), 0.0
    for paint, shape in layers:
        hits = sum(bool(shape(px + (i + .5) / FINE, py + (j + .5) / FINE))
                   for i in range(FINE) for j in range(FINE))
        cover = hits / FINE ** 2
        total = cover + alpha * (1 - cover)
        if total > 0:
            colour = tuple((p * cover + c * alpha * (1 - cover)) / total
                           for p, c in zip(paint, colour))
        alpha = total
    return bytes(round(v) for v in (*colour, alpha * 255))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(layers):
    rows = b"".join(b"\0" + b"".join(pixel(layers, x, y) for x in range(SIZE)) for y in range(SIZE))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


if __name__ == "__main__":
    for name, layers in ICONS.items():
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".png"), "wb") as file:
            file.write(png(layers))
