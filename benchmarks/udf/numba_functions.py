"""The functions of files.mjs compiled by numba, 16 masks as products of OpenBLAS: a peer that does no more than it has to.

python3 numba_functions.py FILE FRAMES DEPTH, on one core; for each name in a line of the input it answers with the
seconds of one pass and a number of its results. DEPTH is how many frames of 256 x 256 are read at a time.
"""
import os
import sys

os.environ['OPENBLAS_NUM_THREADS'] = '1'
import time

import numba
import numpy as np

path, frames, depth = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
side = 256
pixels = side * side
compiled = numba.njit(fastmath=True)


@compiled
def add(stack, sums):
    for n in range(stack.shape[0]):
        for i in range(pixels):
            sums[i] += stack[n, i]


@compiled
def add_squares(stack, sums, squares):
    for n in range(stack.shape[0]):
        for i in range(pixels):
            value = np.uint64(stack[n, i])
            sums[i] += value
            squares[i] += value * value


@compiled
def centre(stack, out):
    for n in range(stack.shape[0]):
        total, down, across = np.uint64(0), np.uint64(0), np.uint64(0)
        for y in range(side):
            row, moment = np.uint32(0), np.uint32(0)
            for x in range(side):
                value = np.uint32(stack[n, y * side + x])
                row += value
                moment += value * np.uint32(x)
            total += row
            down += row * np.uint64(y)
            across += moment
        out[n, 0] = down / total
        out[n, 1] = across / total


def groups():
    """The frames, a group at a time in the same memory."""
    place = np.empty((depth, pixels), np.uint16)
    with open(path, 'rb', buffering=0) as source:
        for first in range(0, frames, depth):
            count = min(depth, frames - first)
            source.readinto(memoryview(place[:count]).cast('B'))
            yield first, place[:count]


def total():
    # 32 bits hold the sums of 65 536 frames.
    sums = np.zeros(pixels, np.uint64)
    short = np.zeros(pixels, np.uint32)
    for first, stack in groups():
        if first % 32768 == 0:
            sums += short
            short[:] = 0
        add(stack, short)
    return (sums + short)[5]


def deviation():
    sums, squares = np.zeros(pixels, np.uint64), np.zeros(pixels, np.uint64)
    for _, stack in groups():
        add_squares(stack, sums, squares)
    mean = sums / frames
    return np.sqrt(squares / frames - mean * mean)[5]


def centres():
    out = np.empty((frames, 2), np.float32)
    for first, stack in groups():
        centre(stack, out[first:first + len(stack)])
    return out[3, 1]


masks = np.stack([np.cos(k * (np.arange(pixels) % side) / side) for k in range(16)], axis=1).astype(np.float32)


def products():
    out = np.empty((frames, 16), np.float32)
    floats = np.empty((depth, pixels), np.float32)
    for first, stack in groups():
        np.copyto(floats[:len(stack)], stack)
        np.matmul(floats[:len(stack)], masks, out=out[first:first + len(stack)])
    return out.ravel()[37]


work = {'sum': total, 'stddev': deviation, 'com': centres, 'masks of 16': products}
for line in sys.stdin:
    began = time.perf_counter()
    found = work[line.strip()]()
    print(time.perf_counter() - began, float(found), flush=True)
