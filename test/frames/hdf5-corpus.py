"""Writes HDF5 files with h5py, every layout x chunk index x filter x dtype x library version, and lists their content:
python3 hdf5-corpus.py FOLDER prints {file: {dataset: {shape, dtype, sha256}}}, little-endian C order."""
import hashlib
import json
import os
import sys

import h5py
import numpy as np

folder = sys.argv[1]
rng = np.random.default_rng(7)
told = {}


def tell(name, path, array, dtype=None):
    array = np.asarray(array)
    little = array.astype(array.dtype.newbyteorder('<'))
    told.setdefault(name, {})[path] = {
        'shape': list(array.shape),
        'dtype': dtype or str(array.dtype.newbyteorder('=')),
        'sha256': hashlib.sha256(np.ascontiguousarray(little).tobytes()).hexdigest(),
    }


def values(shape, dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == 'b':
        return rng.random(shape) < 0.5
    if dtype.kind in 'ui':
        info = np.iinfo(dtype)
        spread = rng.integers(info.min, info.max, shape, dtype=dtype.newbyteorder('='), endpoint=True)
        return np.where(rng.random(shape) < 0.9, rng.integers(0, 9, shape), spread).astype(dtype)
    if dtype.kind == 'c':
        return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)
    return rng.normal(size=shape).astype(dtype)


dtypes = ['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f2', 'f4', 'f8', '>u2', '>i4', '>f4', '>f8', '?', 'c8', 'c16']
filters = {
    'none': {},
    'gzip': dict(compression='gzip', compression_opts=1),
    'shuffle_gzip': dict(compression='gzip', shuffle=True),
    'lzf': dict(compression='lzf'),
    'shuffle_lzf': dict(compression='lzf', shuffle=True),
    'fletcher': dict(fletcher32=True),
    'all': dict(compression='gzip', shuffle=True, fletcher32=True),
}
# The kind of chunk index depends on the extendible axes and on the library version.
growth = {'fixed': None, 'one': (None, 15, 13), 'inner': (37, None, 13), 'two': (None, None, 13), 'all': (None, None, None)}
shape, chunk = (37, 15, 13), (5, 8, 4)

for libver in ('earliest', 'v108', 'v110', 'latest'):
    name = f'{libver}.h5'
    with h5py.File(os.path.join(folder, name), 'w', libver=(libver, 'latest')) as f:
        for dtype in dtypes:
            data = values((11, 6), dtype)
            for layout in ('contiguous', 'compact', 'chunked', 'single'):
                path = f'{layout}/{dtype.replace(">", "big_").replace("?", "bool")}'
                if layout == 'compact':
                    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                    plist.set_layout(h5py.h5d.COMPACT)
                    f.require_group('compact')
                    tid = h5py.h5t.py_create(data.dtype, logical=True)
                    sid = h5py.h5s.create_simple(data.shape)
                    d = h5py.Dataset(h5py.h5d.create(f.id, path.encode(), tid, sid, plist))
                    d[...] = data
                elif layout == 'contiguous':
                    f.create_dataset(path, data=data)
                else:
                    f.create_dataset(path, data=data, chunks=(4, 4) if layout == 'chunked' else data.shape, compression='gzip')
                tell(name, '/' + path, data)
        for grows, most in growth.items():
            for packed, options in filters.items():
                data = values(shape, 'u2')
                path = f'index/{grows}/{packed}'
                f.create_dataset(path, data=data, chunks=chunk, maxshape=most, **options)
                tell(name, '/' + path, data)
        # Every dtype with every filter and index: small, with chunks across both edges.
        for grows, most in {'fixed': None, 'one': (None, 5), 'two': (None, None)}.items():
            for packed, options in filters.items():
                for dtype in dtypes:
                    data = values((7, 5), dtype)
                    path = f'cross/{grows}/{packed}/{dtype.replace(">", "big_").replace("?", "bool")}'
                    f.create_dataset(path, data=data, chunks=(3, 2), maxshape=most, **options)
                    tell(name, '/' + path, data)
        # Only some chunks are written; the others have the fill value.
        for grows, most in growth.items():
            d = f.create_dataset(f'sparse/{grows}', shape, 'i4', chunks=chunk, maxshape=most, fillvalue=-7)
            d[12:20, 3:5, 7:] = 5
            tell(name, d.name, d[...])
        d = f.create_dataset('sparse/contiguous', (9, 9), '>f4', fillvalue=2.5)
        tell(name, d.name, d[...])
        # Space for all chunks is allocated at once without filters, so new files need no index for them.
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((4, 5))
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        sid = h5py.h5s.create_simple((11, 13))
        d = h5py.Dataset(h5py.h5d.create(f.id, b'index/implicit', h5py.h5t.NATIVE_INT32, sid, plist))
        data = values((11, 13), 'i4')
        d[...] = data
        tell(name, d.name, data)
        # Many chunks: deep trees, pages of fixed arrays, super blocks and pages of extensible arrays.
        for grows, most in {'fixed': (3000,), 'one': (None,)}.items():
            data = values((3000,), 'u2')
            f.create_dataset(f'many/{grows}', data=data, chunks=(1,), maxshape=most)
            tell(name, f'/many/{grows}', data)
            f.create_dataset(f'many/{grows}_gzip', data=data, chunks=(1,), maxshape=most, compression='gzip')
            tell(name, f'/many/{grows}_gzip', data)
        data = values((60, 60), 'u1')
        f.create_dataset('many/two', data=data, chunks=(1, 1), maxshape=(None, None))
        tell(name, '/many/two', data)
        d = f.create_dataset('many/far', (10,), 'u2', chunks=(1,), maxshape=(None,))
        d.resize((140000,))
        for at in (0, 3, 4, 50, 700, 5000, 30000, 131056, 131057, 135000, 139990):
            d[at:at + 10] = np.arange(10) + at % 1000
        tell(name, '/many/far', d[...])
        # Scalars, empty shapes, text, records.
        f['scalar'] = 42
        tell(name, '/scalar', np.int64(42))
        f.create_dataset('empty', (0, 5), 'f4', chunks=(1, 5), maxshape=(None, 5))
        tell(name, '/empty', np.zeros((0, 5), 'f4'))
        # Groups with many names, objects with many attributes, links.
        many = f.create_group('names')
        for i in range(300):
            many.create_dataset(f'a name of some length, number {i}', data=np.int32(i))
        tell(name, '/names/a name of some length, number 299', np.int32(299))
        noted = f.create_dataset('noted', data=np.arange(3))
        tell(name, '/noted', np.arange(3))
        for i in range(40):
            noted.attrs[f'attribute {i}'] = np.arange(i)
        noted.attrs['text'] = 'Å'
        noted.attrs['fixed'] = np.bytes_('fixed')
        noted.attrs['texts'] = ['a', 'bc', '']
        f['soft'] = h5py.SoftLink('/noted')
        tell(name, '/soft', np.arange(3))
        f['hard'] = f['noted']
        tell(name, '/hard', np.arange(3))
        f['outside'] = h5py.ExternalLink('earliest.h5', '/index/fixed/gzip')
        f['round'] = h5py.SoftLink('/about')
        f['about'] = h5py.SoftLink('/round')
        f['dangling'] = h5py.SoftLink('/nowhere')

# Virtual datasets.
parts = [values((4, 6, 5), 'u2') for _ in range(3)]
for i, part in enumerate(parts):
    with h5py.File(os.path.join(folder, f'part_{i}.h5'), 'w', libver='latest') as f:
        f.create_dataset('data', data=part, chunks=(1, 6, 5), compression='gzip', maxshape=(None, 6, 5))
with h5py.File(os.path.join(folder, 'virtual.h5'), 'w', libver='latest') as f:
    source = [h5py.VirtualSource(f'part_{i}.h5', 'data', (4, 6, 5)) for i in range(3)]

    def virtual(path, shape, assign, fillvalue=None):
        layout = h5py.VirtualLayout(shape, 'u2')
        assign(layout)
        f.create_virtual_dataset(path, layout, fillvalue=fillvalue)

    def stacked(layout):
        for i in range(3):
            layout[4 * i:4 * i + 4] = source[i]

    virtual('stacked', (12, 6, 5), stacked)
    tell('virtual.h5', '/stacked', np.concatenate(parts))

    def interleaved(layout):
        for i in range(3):
            layout[i::3] = source[i]

    virtual('interleaved', (12, 6, 5), interleaved)
    woven = np.zeros((12, 6, 5), 'u2')
    for i in range(3):
        woven[i::3] = parts[i]
    tell('virtual.h5', '/interleaved', woven)

    def beside(layout):
        for i in range(3):
            layout[:, :, 7 * i:7 * i + 5] = source[i]

    virtual('beside', (4, 6, 20), beside, 9)
    panels = np.full((4, 6, 20), 9, 'u2')
    for i in range(3):
        panels[:, :, 7 * i:7 * i + 5] = parts[i]
    tell('virtual.h5', '/beside', panels)

    def lifted(layout):
        for i in range(3):
            layout[i] = source[i]

    virtual('lifted', (3, 4, 6, 5), lifted)
    tell('virtual.h5', '/lifted', np.stack(parts))

    def pieces(layout):
        layout[0] = source[0][1, 1:3, 2:5]
        layout[1] = source[2][3, 4:6, 0:3]

    virtual('pieces', (2, 2, 3), pieces)
    tell('virtual.h5', '/pieces', np.stack([parts[0][1, 1:3, 2:5], parts[2][3, 4:6, 0:3]]))

    # One file for each block of frames, for as many blocks as exist.
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_fill_value(np.array(0, 'u2'))
    space = h5py.h5s.create_simple((4, 6, 5), (h5py.h5s.UNLIMITED, 6, 5))
    space.select_hyperslab((0, 0, 0), (h5py.h5s.UNLIMITED, 1, 1), (4, 1, 1), (4, 6, 5))
    plist.set_virtual(space, b'part_%b.h5', b'data', h5py.h5s.create_simple((4, 6, 5)))
    h5py.h5d.create(f.id, b'pattern', h5py.h5t.STD_U16LE, h5py.h5s.create_simple((4, 6, 5), (h5py.h5s.UNLIMITED, 6, 5)), plist)
with h5py.File(os.path.join(folder, 'virtual.h5'), 'r') as f:
    tell('virtual.h5', '/pattern', f['pattern'][...])

# Features that our reader does not support.
with h5py.File(os.path.join(folder, 'unknown.h5'), 'w') as f:
    f.create_dataset('packed', data=np.arange(100), chunks=(10,), compression='szip')
with h5py.File(os.path.join(folder, 'user-block.h5'), 'w', userblock_size=1024) as f:
    f['data'] = np.arange(5)
    tell('user-block.h5', '/data', np.arange(5))
print(json.dumps({'h5py': h5py.version.version, 'hdf5': h5py.version.hdf5_version, 'files': told}))
