# The same work in NumPy, timed in one process. Prints a JSON object of { case: [seconds, check] }, with the version of
# NumPy and the BLAS library that it has loaded, which decides the speed of products by a factor of 5 to 7.
# Products are timed with tiles of several depths, and the fastest one counts.
# python3 numpy_peer.py FILE DTYPE FRAMES SIDE REPEATS
import json
import sys
import time

import numpy as np

path, dtype, frames, side, repeats = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
data = np.fromfile(path, dtype={'u16': '<u2', 'f32': '<f4'}[dtype]).reshape(frames, side * side)
depths = 8, 32, 128
y, x = np.mgrid[0:side, 0:side].astype(np.float32)
disk = (((x - side / 2) ** 2 + (y - side / 2) ** 2) <= (side * 0.39) ** 2).astype(np.float32).ravel()
com_masks = np.stack([np.ones(side * side, np.float32), y.ravel(), x.ravel()], axis=1)
sixteen = np.stack([np.cos(k * x.ravel() / side).astype(np.float32) for k in range(16)], axis=1)


def product(masks, depth):
    out = [data[i:i + depth].astype(np.float32, copy=False) @ masks for i in range(0, frames, depth)]
    return np.concatenate(out)


def com(depth):
    s = product(com_masks, depth)
    return s[:, 1:] / s[:, :1]


def blas():
    """The loaded libraries of linear algebra, each with its folder; empty if NumPy multiplies by its own loops."""
    words = 'openblas', 'mkl', 'blis', 'atlas', 'libblas', 'libcblas'
    try:
        with open('/proc/self/maps') as maps:
            files = {line.split()[-1] for line in maps if '.so' in line}
    except OSError:
        return ''
    short = {'/'.join(file.split('/')[-2:]) for file in files}
    return ', '.join(sorted(name for name in short if any(word in name.lower() for word in words)))


cases = {
    'com': (com, depths, lambda r: float(r[0, 0])),
    'disk': (lambda depth: product(disk[:, None], depth), depths, lambda r: float(r[0, 0])),
    'stddev': (lambda _: np.std(data, axis=0, dtype=np.float64), (0,), lambda r: float(r[0])),
    'sum': (lambda _: data.sum(axis=0, dtype=np.uint64 if dtype == 'u16' else np.float64), (0,), lambda r: float(r[0])),
    'masks16': (lambda depth: product(sixteen, depth), depths, lambda r: float(r[0, 15])),
    'read': (lambda _: data.sum(), (0,), lambda r: float(r)),
    'memcpy': (lambda _: data.copy(), (0,), lambda r: float(r[0, 0])),
}
result = {'numpy': np.__version__, 'blas': blas()}
for name, (work, ways, check) in cases.items():
    best = float('inf')
    for way in ways:
        for _ in range(repeats):
            started = time.process_time()
            found = work(way)
            best = min(best, time.process_time() - started)
    result[name] = [best, check(found)]
print(json.dumps(result))
