/** Frames of HDF5 files that were never written or only in part, wherever they are, as h5py writes such files. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect, open } from '../../dist/data.node.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-unwritten-'));
afterAll(() => rmSync(folder, { recursive: true }));

const python = `
import h5py, numpy as np, sys
def write(name, shape, chunk, skip, **more):
    old = name.startswith('old')
    with h5py.File(f'{sys.argv[1]}/{name}.h5', 'w', libver='earliest' if old else 'latest') as file:
        data = file.create_dataset('data', shape, 'u2', chunks=chunk, **more)
        block = np.ones(chunk, 'u2')
        for place in np.ndindex(*[n // c for n, c in zip(shape, chunk)]):
            if place not in skip:
                data.id.write_direct_chunk(tuple(p * c for p, c in zip(place, chunk)), block.tobytes())
for kind, more in dict(old={}, fixed={}, grows=dict(maxshape=(None, 4, 4)), tree=dict(maxshape=(None, None, 4))).items():
    write(kind, (9, 4, 4), (1, 4, 4), {(3, 0, 0), (5, 0, 0)}, **more)
    write(kind + '-part', (9, 4, 4), (1, 2, 4), {(3, 0, 0), (4, 0, 0), (4, 1, 0)}, **more)
write('whole', (9, 4, 4), (1, 4, 4), set())
write('scan', (3, 4, 4, 4), (1, 2, 4, 4), {(1, 1, 0, 0)})
write('large', (5000, 2, 2), (1, 2, 2), {(77, 0, 0)})
virtual = h5py.VirtualLayout((9, 4, 4), 'u2')
source = h5py.VirtualSource(f'{sys.argv[1]}/whole.h5', 'data', (9, 4, 4))
virtual[:4], virtual[6:] = source[:4], source[6:]
with h5py.File(f'{sys.argv[1]}/virtual.h5', 'w') as file: file.create_virtual_dataset('data', virtual)
# Two modules beside each other, of files that ended early or lack chunks of some frames, stored apart from the second frame on.
write('left', (9, 4, 4), (1, 4, 4), {(3, 0, 0), (5, 0, 0), (8, 0, 0)})
write('right', (12, 4, 4), (1, 2, 4), {(5, 0, 0), (6, 0, 0), (6, 1, 0), (11, 1, 0)})
left = h5py.VirtualSource(f'{sys.argv[1]}/left.h5', 'data', (9, 4, 4))
right = h5py.VirtualSource(f'{sys.argv[1]}/right.h5', 'data', (12, 4, 4))
modules = h5py.VirtualLayout((9, 4, 8), 'u2')
modules[:, :, :4], modules[:, :, 4:] = left, right[1:10]
with h5py.File(f'{sys.argv[1]}/modules.h5', 'w') as file: file.create_virtual_dataset('data', modules)
stacked = h5py.VirtualLayout((9, 2, 4, 4), 'u2')
stacked[:, 0], stacked[:, 1] = left, right[1:10]
with h5py.File(f'{sys.argv[1]}/stacked.h5', 'w') as file: file.create_virtual_dataset('data', stacked)
single = h5py.VirtualLayout((3, 4, 4), 'u2')
for i, of in enumerate([2, 3, 4]): single[i] = left[of]
with h5py.File(f'{sys.argv[1]}/single.h5', 'w') as file: file.create_virtual_dataset('data', single)
every = h5py.VirtualLayout((5, 4, 4), 'u2')
every[:] = left[::2]
with h5py.File(f'{sys.argv[1]}/every.h5', 'w') as file: file.create_virtual_dataset('data', every)
`;
beforeAll(() => {
  execFileSync('/usr/bin/python3', ['-c', python, folder]);
});

const never = 'the file stores nothing for them, and they are read as its fill value';
const inPart = 'the file lacks some of their chunks, which are read as its fill value';
test.each([
  ...['old', 'fixed', 'grows', 'tree'].flatMap(
    (kind) =>
      [
        [kind, [`2 of 9 frames, the first of which is frame 3, were never written: ${never}`]],
        [
          `${kind}-part`,
          [
            `1 of 9 frames (frame 4) was never written: ${never}`,
            `1 of 9 frames (frame 3) was written only in part: ${inPart}`,
          ],
        ],
      ] as const,
  ),
  ['scan', [`2 of 12 frames, the first of which is frame 6, were never written: ${never}`]],
  ['virtual', [`2 of 9 frames, the first of which is frame 4, were never written: ${never}`]],
  ['whole', []],
] as const)('frames that were never written are said wherever they are: %s', async (name, texts) => {
  const notesOf = async (growing: boolean): Promise<unknown> => {
    await using dataset = await open(join(folder, `${name}.h5`), { growing });
    return dataset.notes.filter(({ kind }) => kind === 'warning');
  };
  expect(await notesOf(false)).toEqual(texts.map((text) => ({ kind: 'warning', text, isCut: true })));
  // Those of a file that is being written may come in any order.
  expect(await notesOf(true)).toEqual([]);
});

test('a file of many chunks is looked through at the end', async () => {
  const file = join(folder, 'large.h5');
  await using dataset = await open(file);
  expect(dataset.notes.filter(({ isCut }) => isCut)).toEqual([]);
  const { notes } = await inspect(file);
  const text = `1 of 5000 frames (frame 77) was never written: ${never}`;
  expect(notes.filter(({ isCut }) => isCut)).toEqual([{ kind: 'warning', text, isCut: true }]);
});

// Source frames 3, 5 and 8 of the left module; of the right one, that begins a frame later, 4 in part and 5.
const halves = [
  `1 of 9 frames (frame 5) was never written: ${never}`,
  `3 of 9 frames, the first of which is frame 3, were written only in part: ${inPart}`,
];
test.each([
  ['modules', halves],
  [
    'stacked',
    [
      `4 of 18 frames, the first of which is frame 6, were never written: ${never}`,
      `1 of 18 frames (frame 9) was written only in part: ${inPart}`,
    ],
  ],
  ['single', [`1 of 3 frames (frame 1) was never written: ${never}`]],
  ['every', [`1 of 5 frames (frame 4) was never written: ${never}`]],
] as const)('sources of a virtual dataset that lack chunks are looked through at the end: %s', async (name, texts) => {
  const { notes } = await inspect(join(folder, `${name}.h5`));
  expect(notes.filter(({ isCut }) => isCut)).toEqual(texts.map((text) => ({ kind: 'warning', text, isCut: true })));
});
