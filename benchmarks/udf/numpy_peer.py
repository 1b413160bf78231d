# The same work in NumPy, timed in one process. Prints a JSON object of { case: [seconds, check] }.
# python3 numpy_peer.py FILE DTYPE FRAMES SIDE REPEATS
import json
import sys
import time

import numpy as np

path, dtype, frames, side, repeats = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
data = np.fromfile(path, dtype={'u16': '<u2', 'f32': '<f4'}[dtype]).reshape(frames, side * side)
tile = 32
y, x = np.mgrid[0:side, 0:side].astype(np.float32)
disk = (((x - side / 2) ** 2 + (y - side / 2) ** 2) <= (side * 0.39) ** 2).astype(np.float32).ravel()
com_masks = np.stack([np.ones(side * side, np.float32), y.ravel(), x.ravel()], axis=1)
sixteen = np.stack([np.cos(k * x.ravel() / side).astype(np.float32) for k in range(16)], axis=1)


def product(masks):
    out = [data[i:i + tile].astype(np.float32, copy=False) @ masks for i in range(0, frames, tile)]
    return np.concatenate(out)


def com():
    s = product(com_masks)
    return s[:, 1:] / s[:, :1]


cases = {
    'com': (com, lambda r: float(r[0, 0])),
    'disk': (lambda: product(disk[:, None]), lambda r: float(r[0, 0])),
    'stddev': (lambda: np.std(data, axis=0, dtype=np.float64), lambda r: float(r[0])),
    'sum': (lambda: data.sum(axis=0, dtype=np.uint64 if dtype == 'u16' else np.float64), lambda r: float(r[0])),
    'masks16': (lambda: product(sixteen), lambda r: float(r[0, 15])),
    'read': (lambda: data.sum(), lambda r: float(r)),
    'memcpy': (lambda: data.copy(), lambda r: float(r[0, 0])),
}
result = {}
for name, (work, check) in cases.items():
    best = float('inf')
    for _ in range(repeats):
        started = time.process_time()
        found = work()
        best = min(best, time.process_time() - started)
    result[name] = [best, check(found)]
print(json.dumps(result))
