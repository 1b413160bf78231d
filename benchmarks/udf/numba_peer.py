"""The radial variance of variance.mjs, compiled by numba: prints the shortest time of R in seconds.

python3 numba_peer.py FILE FRAMES REPEATS
"""
import sys
import time

import numba
import numpy as np

file, frames, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
side, rings, group = 256, 128, 256
y, x = np.mgrid[:side, :side]
ring = np.minimum(rings - 1, np.floor(np.sqrt((y - side / 2) ** 2 + (x - side / 2) ** 2))).astype(np.uint8).ravel()
counts = np.bincount(ring, minlength=rings).astype(np.float64)


@numba.njit
def variance(stack, ring, counts, out):
    sums = np.empty(rings)
    squares = np.empty(rings)
    for n in range(stack.shape[0]):
        sums[:] = 0
        squares[:] = 0
        frame = stack[n]
        for i in range(frame.size):
            k = ring[i]
            value = np.float64(frame[i])
            sums[k] += value
            squares[k] += value * value
        for k in range(rings):
            if counts[k] > 0:
                mean = sums[k] / counts[k]
                out[n, k] = squares[k] / counts[k] - mean * mean


def run():
    out = np.zeros((frames, rings))
    place = np.empty((group, side * side), np.uint16)
    with open(file, "rb", buffering=0) as source:
        for first in range(0, frames, group):
            count = min(group, frames - first)
            source.readinto(memoryview(place[:count]).cast("B"))
            variance(place[:count], ring, counts, out[first : first + count])
    return out


run()
best = float("inf")
for _ in range(repeats):
    began = time.perf_counter()
    run()
    best = min(best, time.perf_counter() - began)
print(best)
