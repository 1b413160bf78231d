"""Writes HDF5 files by chance, of everything that h5py writes, and lists what h5py reads from them:
python3 hdf5-objects.py FOLDER SEED COUNT prints {file: {path: object}}. Numbers are little-endian bytes in hexadecimal
digits; texts, records, lists and references are marked by a letter each, see `coded`."""
import json
import os
import sys

import h5py
import numpy as np

folder, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(seed)
# HDF5 looks for external files in the working directory.
os.chdir(folder)


def one(*of):
    return of[rng.integers(0, len(of))]


def little(array):
    array = np.asarray(array)
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder('<'))).tobytes().hex()


def coded(value, dtype, file):
    """A value as JSON: n numbers, t text, r record, a list, b bytes, o object, p part of an array."""
    if h5py.check_string_dtype(dtype):
        return {'t': value if isinstance(value, str) else value.decode('utf8')}
    if h5py.check_vlen_dtype(dtype):
        base = h5py.check_vlen_dtype(dtype)
        return {'a': [coded(v, base, file) for v in value]}
    if h5py.check_ref_dtype(dtype) is h5py.Reference:
        return {'o': h5py.h5o.get_info(file[value].id).addr if value else None}
    if h5py.check_ref_dtype(dtype) is h5py.RegionReference:
        if not value:
            return {'p': None}
        space = h5py.h5r.get_region(value, file.id)
        return {'p': [h5py.h5o.get_info(file[value].id).addr, int(space.get_select_npoints())]}
    if dtype.subdtype:
        base, shape = dtype.subdtype
        return {'a': [coded(v, base, file) for v in np.asarray(value, dtype=base).reshape(-1)]}
    if dtype.names and not is_complex(dtype):
        return {'r': {name: coded(value[name], dtype[name], file) for name in dtype.names}}
    if dtype.kind == 'V':
        return {'b': np.asarray(value, dtype).tobytes().hex()}
    return {'n': little(np.asarray(value, dtype))}


def is_complex(dtype):
    return dtype.kind == 'c'


def text():
    return ''.join(one('a', 'Z', '0', ' ', 'é', 'λ', '漢', '_') for _ in range(rng.integers(0, 9))).rstrip(' ')


def numbers(shape, dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == 'b':
        return rng.random(shape) < 0.5
    if dtype.kind in 'ui':
        info = np.iinfo(dtype)
        wide = rng.integers(info.min, info.max, shape, dtype=dtype.newbyteorder('='), endpoint=True)
        return np.where(rng.random(shape) < 0.8, rng.integers(0, 9, shape), wide).astype(dtype)
    if dtype.kind == 'c':
        return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)
    return (rng.normal(size=shape) * 10).astype(dtype)


kinds = ['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f2', 'f4', 'f8']
plain = kinds + ['>' + kind for kind in kinds[2:]] + ['?', 'c8', 'c16', '>c8']
enum = {'RED': 0, 'GREEN': 1, 'ÜBER': 7}


def element(depth=0):
    """A type by chance, and what draws values of it."""
    kind = one('number', 'number', 'number', 'enum', 'fixed', 'utf8', 'text', 'list', 'record', 'opaque', 'array')
    if depth > 1 or kind == 'number':
        dtype = np.dtype(one(*plain))
        return dtype, lambda shape: numbers(shape, dtype)
    if kind == 'enum':
        dtype = h5py.enum_dtype(enum, basetype=one('u1', 'i2', '>i4', 'u8'))
        return dtype, lambda shape: rng.choice(list(enum.values()), shape).astype(dtype)
    if kind in ('fixed', 'utf8'):
        dtype = h5py.string_dtype('ascii' if kind == 'fixed' else 'utf-8', int(rng.integers(1, 25)))

        def draw(shape):
            flat = [cut(text(), dtype.itemsize, kind == 'fixed') for _ in range(int(np.prod(shape)))]
            return np.array(flat, dtype).reshape(shape)

        return dtype, draw
    if kind == 'text':
        coding = one('ascii', 'utf-8')
        dtype = h5py.string_dtype(coding)
        return dtype, lambda shape: filled(shape, dtype, lambda: text().encode(coding, 'ignore').decode())
    if kind == 'list':
        base = np.dtype(one('u1', 'i2', 'f4', 'f8', 'i8'))
        dtype = h5py.vlen_dtype(base)
        return dtype, lambda shape: filled(shape, dtype, lambda: numbers(int(rng.integers(0, 5)), base))
    if kind == 'opaque':
        dtype = np.dtype(f'V{rng.integers(1, 9)}')
        return dtype, lambda shape: np.frombuffer(rng.bytes(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)
    if kind == 'array':
        base = np.dtype(one(*plain))
        inner = tuple(int(n) for n in rng.integers(1, 4, rng.integers(1, 3)))
        dtype = np.dtype((base, inner))
        return dtype, lambda shape: numbers(tuple(shape) + inner, base)
    members = [(name, *element(depth + 1)) for name in ['x', 'naïve', 'long name of a member'][: rng.integers(1, 4)]]
    dtype = np.dtype([(name, kind) for name, kind, _ in members])

    def draw(shape):
        out = np.zeros(shape, dtype)
        for name, _, values in members:
            out[name] = values(shape)
        return out

    return dtype, draw


def cut(word, size, ascii_only):
    coded_word = word.encode('ascii', 'ignore') if ascii_only else word.encode()
    while len(coded_word) > size:
        word = word[:-1]
        coded_word = word.encode('ascii', 'ignore') if ascii_only else word.encode()
    return coded_word


def filled(shape, dtype, draw):
    out = np.empty(shape, dtype)
    for place in np.ndindex(*shape):
        out[place] = draw()
    return out


def selection(shape):
    """A range for each axis, as JavaScript has it, and the indices that it has."""
    ranges, indices = [], []
    for n in shape[: rng.integers(0, len(shape) + 1)]:
        kind = one('index', 'all', 'range', 'step', 'blocks') if n > 0 else 'all'
        a, b = sorted(int(x) for x in rng.integers(0, n + 1, 2))
        if kind == 'index':
            a = int(rng.integers(0, n))
            ranges.append(a)
            indices.append([a])
        elif kind == 'all':
            ranges.append(None)
            indices.append(list(range(n)))
        elif kind == 'range':
            ranges.append([a, b])
            indices.append(list(range(a, b)))
        elif kind == 'step':
            step = int(rng.integers(1, 5))
            ranges.append([a, b, step])
            indices.append(list(range(a, b, step)))
        else:
            block = int(rng.integers(1, 3))
            stride = block + int(rng.integers(0, 3))
            most = max(0, (n - a - block) // stride + 1) if n - a >= block else 0
            times = int(rng.integers(0, most + 1))
            ranges.append({'start': a, 'stride': stride, 'count': times, 'block': block})
            indices.append([a + t * stride + k for t in range(times) for k in range(block)])
    for n in shape[len(indices):]:
        indices.append(list(range(n)))
    return ranges, indices


def layout_options(shape, dtype):
    options = {}
    if shape and all(shape) and rng.random() < 0.7:
        options['chunks'] = tuple(int(rng.integers(1, n + 1)) for n in shape)
        if rng.random() < 0.5:
            options['maxshape'] = tuple(one(n, None, n + 3) for n in shape)
        checked = {} if dtype.hasobject else dict(fletcher32=True)
        simple = dtype.kind in 'uif' and not dtype.subdtype and not h5py.check_enum_dtype(dtype)
        options.update(one(
            {}, dict(compression='gzip'), dict(compression='lzf'), dict(shuffle=True, compression='gzip'),
            checked, dict(shuffle=True, compression='gzip', **checked),
            dict(scaleoffset=int(rng.integers(1, 4)) if dtype.kind == 'f' else 0)
            if simple and not (dtype.kind == 'f' and dtype.itemsize == 2) else {}))
    return options


def write_datasets(file, name, group, listed):
    for i in range(rng.integers(1, 4)):
        path = f'{group.name.rstrip("/")}/d{i}'
        dtype, draw = element()
        rank = int(rng.integers(0, 4))
        shape = tuple(int(n) for n in rng.integers(0 if rng.random() < 0.1 else 1, 8, rank))
        options = layout_options(shape, dtype)
        dataset = group.create_dataset(f'd{i}', shape, dtype, **options)
        if rng.random() < 0.9:
            values = draw(shape)
            part = max(1, shape[0] // 2) if shape and rng.random() < 0.2 else None
            space = h5py.h5s.create_simple(shape)
            if part and all(shape):
                space.select_hyperslab((0,) * len(shape), (part,) + shape[1:])
            if all(shape):
                put(dataset.id, space if shape else h5py.h5s.ALL, values, dtype)
        attributes(file, dataset)
        listed.append(path)


def put(target, space, values, dtype):
    memory = h5py.h5t.py_create(dtype)
    target.write(space, space, np.ascontiguousarray(values), memory)


def attributes(file, owner):
    for i in range(rng.choice([0, 1, 3, 12])):
        dtype, draw = element()
        # This h5py crashes when it writes an attribute of records with texts.
        while dtype.names and dtype.hasobject:
            dtype, draw = element()
        shape = tuple(int(n) for n in rng.integers(1, 4, rng.integers(0, 3)))
        space = h5py.h5s.create_simple(shape) if shape else h5py.h5s.create(h5py.h5s.SCALAR)
        made = h5py.h5a.create(owner.id, f'a{i}'.encode(), h5py.h5t.py_create(dtype, logical=True), space)
        made.write(np.ascontiguousarray(draw(shape)), h5py.h5t.py_create(dtype))
    if rng.random() < 0.3:
        owner.attrs['nothing'] = h5py.Empty('f4')


def write(name):
    libver = one('earliest', 'v108', 'v110', 'latest')
    listed = []
    where = os.path.join(folder, name)
    with h5py.File(where, 'w', libver=(libver, 'latest'), userblock_size=one(0, 0, 0, 512, 2048),
                   track_order=bool(rng.integers(0, 2))) as file:
        write_datasets(file, name, file, listed)
        group = file.create_group('gruppe')
        for i in range(rng.choice([0, 2, 40])):
            group.create_group(f'sub{i}')
        attributes(file, group)
        write_datasets(file, name, group, listed)
        file['soft'] = h5py.SoftLink(listed[-1])
        file['hard'] = file[listed[0]]
        pair = np.dtype([('x', '<f4'), ('y', 'S3')])
        file['type'] = pair
        file.create_dataset('committed', data=np.array([(1, b'a'), (2, b'bc'), (3, b'')], pair), dtype=file['type'])
        file.create_dataset('empty', data=h5py.Empty('i2'))
        listed += ['/committed', '/empty', '/soft', '/hard']
        area = file.create_dataset('area', data=numbers((6, 7), 'i4'))
        refs = file.create_dataset('references', (3,), h5py.ref_dtype)
        refs[0], refs[1] = group.ref, area.ref
        regions = file.create_dataset('regions', (2,), h5py.regionref_dtype)
        regions[0] = area.regionref[1:4, 2:5]
        listed += ['/area', '/references', '/regions']
        for padding, kind in ((h5py.h5t.STR_NULLTERM, 'nullterm'), (h5py.h5t.STR_SPACEPAD, 'spacepad')):
            tid = h5py.h5t.C_S1.copy()
            tid.set_size(6)
            tid.set_strpad(padding)
            made = h5py.h5d.create(file.id, kind.encode(), tid, h5py.h5s.create_simple((2,)))
            blob = np.array([b'ab\0\0\0\0', b'cdefg\0'] if kind == 'nullterm' else [b'ab    ', b'cdefgh'], 'V6')
            made.write(h5py.h5s.ALL, h5py.h5s.ALL, blob, tid)
        if rng.random() < 0.5:
            raw = f'{name[:-3]}.raw'
            data = numbers((5, 4), '<i4')
            data.tofile(os.path.join(folder, raw))
            half = data.nbytes // 2
            file.create_dataset('outside', (5, 4), '<i4', external=[(raw, 0, half), (raw, half, h5py.h5f.UNLIMITED)])
            listed.append('/outside')
        if rng.random() < 0.5:
            part = f'{name[:-3]}-part.h5'
            with h5py.File(os.path.join(folder, part), 'w') as other:
                other['x'] = numbers((4, 5), 'u2')
            layout = h5py.VirtualLayout((5, 5), 'u2')
            layout[:4] = h5py.VirtualSource(part, 'x', (4, 5))
            file.create_virtual_dataset('virtual', layout, fillvalue=3)
            file['external'] = h5py.ExternalLink(part, '/x')
            listed += ['/virtual', '/external']
    return listed


def tell(name, listed):
    told = {}
    with h5py.File(os.path.join(folder, name), 'r') as file:
        groups = ['/', '/gruppe']
        for path in groups:
            told[path] = {'kind': 'group', 'keys': sorted(file[path].keys()), 'attributes': told_attributes(file, path)}
        told['/type'] = {'kind': 'type'}
        for path in ('/nullterm', '/spacepad'):
            told[path] = {'kind': 'dataset', 'texts': [v.decode().rstrip(' ') for v in file[path][()]]}
        for path in listed:
            dataset = file[path]
            info = {'kind': 'dataset', 'attributes': told_attributes(file, path)}
            told[path] = info
            if dataset.shape is None:
                info['shape'] = None
                continue
            info.update(shape=list(dataset.shape), chunks=list(dataset.chunks) if dataset.chunks else None,
                        maxShape=[-1 if n is None else n for n in dataset.maxshape])
            array = dataset[()]
            if dataset.shape == () and not dataset.dtype.subdtype:
                array = filled_scalar(array, dataset.dtype)
            info['reads'] = []
            for _ in range(3):
                ranges, indices = selection(dataset.shape)
                chosen = array[np.ix_(*indices)] if indices else array
                info['reads'].append({'ranges': ranges, 'values': values_of(chosen, dataset, file)})
    return told


def filled_scalar(value, dtype):
    out = np.empty(1, dtype)
    out[0] = value
    return out.reshape(())


def values_of(array, dataset, file):
    dtype = dataset.dtype
    if dtype.kind in 'uifbc' and not dtype.subdtype:
        return {'n': little(array)}
    if dtype.subdtype:
        base, inner = dtype.subdtype
        return [{'a': [coded(v, base, file) for v in np.asarray(row).reshape(-1)]}
                for row in array.reshape((-1,) + tuple(inner))]
    return [coded(v, dtype, file) for v in array.reshape(-1)]


def told_attributes(file, path):
    out = {}
    owner = file[path]
    for name in owner.attrs:
        value = owner.attrs[name]
        if isinstance(value, h5py.Empty):
            out[name] = {'shape': None}
            continue
        aid = owner.attrs.get_id(name)
        dtype, shape = aid.dtype, aid.shape
        array = np.empty(shape, dtype)
        aid.read(array) if not dtype.subdtype else None
        if dtype.subdtype:
            base, inner = dtype.subdtype
            full = np.asarray(value, base).reshape((-1,) + tuple(inner))
            values = [{'a': [coded(v, base, file) for v in row.reshape(-1)]} for row in full]
        elif dtype.kind in 'uifbc':
            values = {'n': little(array)}
        else:
            values = [coded(v, dtype, file) for v in array.reshape(-1)]
        out[name] = {'shape': list(shape), 'values': values}
    return out


everything = {}
for i in range(count):
    name = f'{i}.h5'
    everything[name] = tell(name, write(name))
json.dump(everything, sys.stdout)
