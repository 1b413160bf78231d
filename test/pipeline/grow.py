"""Imitates a detector: appends frames of one HDF5 file to another one, with pauses. Usage: grow.py FROM TO SECONDS"""
import sys
import time

import h5py

source, target, pause = sys.argv[1], sys.argv[2], float(sys.argv[3])
with h5py.File(source, "r") as old, h5py.File(target, "w", libver="latest") as new:
    frames = old["/entry/data/data"]
    count, ss, fs = frames.shape
    data = new.create_dataset(
        "/entry/data/data", (0, ss, fs), dtype=frames.dtype, maxshape=(None, ss, fs), chunks=(1, ss, fs), compression="gzip", compression_opts=1
    )
    new.flush()
    new.swmr_mode = True
    for i in range(count):
        data.resize(i + 1, axis=0)
        data[i] = frames[i]
        data.flush()
        time.sleep(pause)
