"""Writes, by chance, virtual datasets over sources of other types and integers of fewer bits than their element, and
lists what h5py reads: python3 hdf5-types.py FOLDER SEED prints {file: {path: {shape, dtype, values}}}, the values as
little-endian bytes in hexadecimal digits."""
import json
import os
import sys

import h5py
import numpy as np

folder, seed = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(seed)
told = {}


def tell(name, path):
    with h5py.File(os.path.join(folder, name)) as f:
        array = f[path][()]
    little = array.astype(array.dtype.newbyteorder('<'))
    told.setdefault(name, {})[path] = {
        'shape': list(array.shape),
        'dtype': str(array.dtype.newbyteorder('=')),
        'values': np.ascontiguousarray(little).tobytes().hex(),
    }


kinds = ['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f2', 'f4', 'f8']
complexes = ['c8', 'c16']


def drawn(shape, dtype):
    dtype = np.dtype(dtype).newbyteorder('=')
    if dtype.kind == 'c':
        part = np.float32 if dtype.itemsize == 8 else np.float64
        values = np.empty(shape, dtype)
        values.real, values.imag = drawn(shape, part), drawn(shape, part)
        return values
    if dtype.kind in 'ui':
        info = np.iinfo(dtype)
        wide = rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
        ends = rng.choice(np.array([info.min, info.min + 1, info.max - 1, info.max], dtype), shape)
        return np.choose(rng.integers(0, 3, shape), [rng.integers(0, 9, shape).astype(dtype), wide, ends])
    # Sizes from 1e-3 to beyond every integer, some of them halves; what a half float cannot hold is infinite.
    size = 10.0 ** rng.uniform(-3, 4 if dtype.itemsize == 2 else 25, shape)
    values = np.where(rng.random(shape) < 0.3, np.round(2 * size) / 2, size) * rng.choice([-1, 1], shape)
    # h5py gets the last step before 2^32 and 2^64 from the processor, and not the same of each.
    for limit in (2.0**31, 2.0**32, 2.0**63, 2.0**64):
        values = np.where(np.abs(np.abs(values) - limit) < limit * 1e-6, 1.0, values)
    values = np.where(rng.random(shape) < 0.03, np.inf, values)
    return values.astype(dtype)


def order():
    return '<>'[rng.integers(0, 2)]


names = 0
with h5py.File(os.path.join(folder, 'sources.h5'), 'w') as s, h5py.File(os.path.join(folder, 'virtual.h5'), 'w') as v:
    pairs = [(a, b) for a in kinds for b in kinds if b != 'f2' or a == 'f2']
    pairs += [('c8', 'c16'), ('c8', 'c8'), ('c16', 'c8'), ('?', 'u1'), ('?', 'f4')]
    for a, b in pairs:
        shape = tuple(int(n) for n in rng.integers(2, 6, 3))
        a_stored = a if a == '?' else order() + a
        b_stored = order() + b
        data = rng.random(shape) < 0.5 if a == '?' else drawn(shape, a)
        # HDF5 1.10 turns -3 of a half float into 0xfdffffffff008000.
        data = np.abs(data) if (a, b) == ('f2', 'i8') else data
        name = f'{names}_{a_stored}_{b_stored}'.replace('<', 'little_').replace('>', 'big_').replace('?', 'bool')
        names += 1
        options = [{}, dict(chunks=(1, 2, 2)), dict(chunks=shape, compression='gzip')][rng.integers(0, 3)]
        s.create_dataset(name, data=data, dtype=a_stored, **options)
        # A part of it: an offset, every second row, one axis less; the rest has the fill value.
        layout = h5py.VirtualLayout((shape[0] + 1, shape[2]), b_stored)
        layout[1:] = h5py.VirtualSource('sources.h5', name, shape, a_stored)[:, 1, :]
        v.create_virtual_dataset(name, layout, fillvalue=None if b in complexes else 3)
for path in list(h5py.File(os.path.join(folder, 'virtual.h5'))):
    tell('virtual.h5', path)

with h5py.File(os.path.join(folder, 'bits.h5'), 'w') as f:
    for number in range(24):
        size = int(rng.choice([1, 2, 4, 8]))
        precision = int(rng.integers(1, 8 * size + 1))
        offset = int(rng.integers(0, 8 * size - precision + 1))
        signed = precision > 1 and rng.random() < 0.5
        tid = h5py.h5t.py_create(np.dtype(f'{order()}{"i" if signed else "u"}{size}')).copy()
        tid.set_precision(precision)
        tid.set_offset(offset)
        shape = tuple(int(n) for n in rng.integers(3, 9, 2))
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        how = ['plain', 'nbit', 'nbit_gzip'][number % 3]
        if how != 'plain':
            plist.set_chunk((2, 3))
            plist.set_filter(h5py.h5z.FILTER_NBIT, 0)
        if how == 'nbit_gzip':
            plist.set_deflate(1)
        path = f'{number}_{how}_{precision}_of_{8 * size}_from_{offset}{"_signed" if signed else ""}'
        space = h5py.h5s.create_simple(shape)
        d = h5py.h5d.create(f.id, path.encode(), tid, space, plist)
        least = -(2 ** (precision - 1)) if signed else 0
        most = 2 ** (precision - 1) - 1 if signed else 2**precision - 1
        memory = np.dtype(f'{"i" if signed else "u"}{size}')
        data = rng.integers(least, most, shape, dtype=memory, endpoint=True)
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, data, h5py.h5t.py_create(memory))
with h5py.File(os.path.join(folder, 'bits.h5')) as f:
    for path, d in f.items():
        memory = np.dtype(f'{"i" if path.endswith("signed") else "u"}{d.id.get_type().get_size()}')
        data = np.zeros(d.shape, memory)
        d.id.read(h5py.h5s.ALL, h5py.h5s.ALL, data, h5py.h5t.py_create(memory))
        told.setdefault('bits.h5', {})[path] = {
            'shape': list(d.shape),
            'dtype': str(memory),
            'values': data.astype(memory.newbyteorder('<')).tobytes().hex(),
        }

with h5py.File(os.path.join(folder, 'refused.h5'), 'w') as f:
    record = np.dtype([('a', 'f4'), ('b', 'f4')])
    cases = {
        'not_a_number': (np.array([1, np.nan], 'f4'), 'u2'),
        'other_members': (np.zeros(2, record), np.dtype([('b', 'f4'), ('a', 'f4')])),
        'text_for_numbers': (np.array([b'abcd', b'efgh']), 'i4'),
        'half': (np.array([1, 2], 'f4'), 'f2'),
    }
    for name, (data, dtype) in cases.items():
        f[f'of_{name}'] = data
        layout = h5py.VirtualLayout(data.shape, dtype)
        layout[:] = h5py.VirtualSource('.', f'of_{name}', data.shape, data.dtype)
        f.create_virtual_dataset(name, layout)

# Series whose parts are numbers of other types, of one size.
for name, dtypes in {'orders': ('<u2', '>u2'), 'signs': ('u2', 'i2'), 'kinds': ('i4', 'f4')}.items():
    with h5py.File(os.path.join(folder, f'{name}_master.h5'), 'w') as f:
        for i, dtype in enumerate(dtypes):
            f[f'entry/data/data_{i + 1:06}'] = np.arange(2 * 4 * 4).reshape(2, 4, 4).astype(dtype)

print(json.dumps(told))
