/**
 * Guard words around every output, one level below the facade, because the facade copies results out of the heap and
 * would hide an out-of-bounds write.
 *
 * Calls the raw C ABI of the wasm core and of the addon with outputs between guard words, and with inputs that must
 * stay unchanged. Outputs are filled with a poison value first, so that a byte that is never written is detected as
 * well.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import * as validate from '../../dist/validate.js';
import { imageResult, indexedCell, indexerDescriptor } from '../../src/compute/layout/indexing.js';
import { piParams } from '../../src/compute/layout/pi.js';
import { pack, structBytes } from '../../src/compute/layout/struct.js';
import { checkSizes, packThresholds } from '../../src/indexing/parameters.js';

const [guard, poison, guardBytes] = [0xc3, 0x7f, 256];
const root = new URL('../../', import.meta.url);

/** Number of guard bytes on each side. */
class Guarded {
  readonly all: Uint8Array;
  readonly bytes: Uint8Array;

  constructor(size: number) {
    this.all = new Uint8Array(guardBytes + Math.ceil(size / 64) * 64 + guardBytes).fill(guard);
    this.bytes = this.all.subarray(guardBytes, guardBytes + size).fill(poison);
  }

  /** Offsets of guard bytes that changed, relative to the output. */
  strays(): number[] {
    const changed: number[] = [];
    this.all.forEach((byte, i) => {
      const place = i - guardBytes;
      if ((place < 0 || place >= this.bytes.length) && byte !== guard) changed.push(place);
    });
    return changed;
  }
}

interface Call {
  readonly outputs: readonly Guarded[];
  readonly inputs: readonly Uint8Array[];
}
interface Raw {
  pi(params: Uint8Array, hits: Guarded): Promise<void>;
  indexing(
    descriptor: Uint8Array,
    params: Uint8Array,
    spots: Float32Array,
    offsets: Uint32Array,
    cells: Float32Array,
    outputs: readonly [Guarded, Guarded, Guarded],
  ): Promise<Call['inputs']>;
}

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

async function wasm(): Promise<Raw> {
  const module = await WebAssembly.compile(readFileSync(new URL('dist/ewald.wasm', root)));
  const imports: Record<string, Record<string, () => number>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module))
    imports[from] = { ...imports[from], [name]: () => 0 };
  const exports = (await WebAssembly.instantiate(module, imports)).exports as { memory: WebAssembly.Memory } & Record<
    string,
    (...x: number[]) => number
  >;
  const call = (name: string, ...values: number[]): number => exports[name]?.(...values) ?? 0;
  const heap = (address: number, size: number) => new Uint8Array(exports.memory.buffer, address, size);
  call('_initialize');
  // Arrays are copied into the heap with their guards and copied back with them.
  const check = async (
    name: string,
    arrays: readonly Uint8Array[],
    values: (address: readonly number[]) => number[],
  ): Promise<void> => {
    const placed = arrays.map((array) => ({ array, address: call('ewald_alloc', array.length) >>> 0 }));
    for (const { array, address } of placed) heap(address, array.length).set(array);
    expect(call(name, ...values(placed.map(({ address }) => address)))).toBe(0);
    for (const { array, address } of placed) {
      array.set(heap(address, array.length));
      call('ewald_free', address);
    }
  };
  return {
    pi: (params, hits) => check('ewald_pi_count', [params.slice(), hits.all], ([p = 0, h = 0]) => [p, h + guardBytes]),
    async indexing(descriptor, params, spots, offsets, cells, [found, results, assignment]) {
      const inputs = [params, bytesOf(spots), bytesOf(offsets), bytesOf(cells)].map((array) => array.slice());
      const handle = new Uint32Array(1);
      await check('ewald_indexer_create', [descriptor.slice(), bytesOf(handle)], (at) => [...at]);
      const [indexer = 0] = handle;
      await check(
        'ewald_indexer_run',
        [...inputs, found.all, results.all, assignment.all],
        ([p = 0, s = 0, o = 0, c = 0, ...outputs]) => [
          ...[indexer, p, s, o, offsets.length - 1, c, cells.length / 9],
          ...outputs.map((address) => address + guardBytes),
        ],
      );
      call('ewald_indexer_destroy', indexer);
      expect(call('ewald_live_bytes')).toBe(0);
      return inputs;
    },
  };
}

const addonPath = new URL(`dist/native/${process.platform}-${process.arch}/ewald_native.node`, root);
async function native(): Promise<Raw> {
  const addon = createRequire(import.meta.url)(addonPath.pathname);
  return {
    // The addon returns pi by value, so there is no output to guard.
    pi: async (params, hits) => {
      new BigUint64Array(hits.all.buffer, guardBytes, 1)[0] = await addon.piCount(params);
    },
    async indexing(descriptor, params, spots, offsets, cells, [found, results, assignment]) {
      const indexer = addon.indexerCreate(descriptor);
      const inputs = [params.slice(), spots.slice(), offsets.slice(), cells.slice()] as const;
      await addon.indexerRun(
        indexer,
        inputs[0],
        inputs[1],
        inputs[2],
        offsets.length - 1,
        inputs[3],
        cells.length / 9,
        found.bytes,
        results.bytes,
        assignment.bytes,
      );
      addon.indexerDestroy(indexer);
      return inputs.map(bytesOf);
    },
  };
}

interface Lists {
  images: { spots: Float64Array; owner: Uint8Array }[];
  known: number[][][];
  options: object;
  thresholds: object;
}

// Rows at the limits: empty images, few spots, more spots than are used, several lattices and cells.
const indexingIds = [
  'spots=0',
  'spots=3',
  'mono:n=900',
  'mono:n=300:crystals=2',
  'cells=3',
  'noise:n=20',
  'perfect:tri',
  'batch-is-single',
];
const rows = validate.rows.filter(({ id }: { id: string }) =>
  ['fast', 'exhaustive'].some((method) => indexingIds.some((end) => id.startsWith(`indexing:${method}:${end}`))),
);

const cores = [
  ['wasm', wasm, true],
  ['native', native, existsSync(addonPath)],
] as const;
describe.each(cores)('guard words, %s', (_, open, present) => {
  test.skipIf(!present)('pi', async () => {
    const raw = await open();
    for (const points of [1, 5, 1000, 65537]) {
      const hits = new Guarded(8);
      const params = pack(piParams, { seedLo: 7, pointsLo: points, firstLo: 3 });
      await raw.pi(params, hits);
      expect(hits.strays()).toEqual([]);
      expect(new BigUint64Array(hits.all.buffer, guardBytes, 1)[0]).toBe(
        validate.philox.countInside({ points: BigInt(points), seed: 7n, stream: 0, first: 3n }),
      );
    }
  });

  test.skipIf(!present).each(rows as { id: string }[])('$id', async (row) => {
    const raw = await open();
    const lists = new validate.Problem(row as never).input as Lists;
    const images = lists.images.length;
    const offsets = new Uint32Array(images + 1);
    lists.images.forEach(({ owner }, i) => {
      offsets[i + 1] = (offsets[i] ?? 0) + owner.length;
    });
    const count = offsets[images] ?? 0;
    const spots = new Float32Array(3 * count);
    for (const [i, image] of lists.images.entries()) spots.set(image.spots, 3 * (offsets[i] ?? 0));
    const cells = Float32Array.from(lists.known.flat(2));
    const sizes = checkSizes({ batch: images, maxInputCells: lists.known.length, ...lists.options });
    const params = packThresholds(sizes, lists.thresholds);
    const outputs = [
      new Guarded(images * sizes.maxOutputCells * structBytes(indexedCell)),
      new Guarded(images * structBytes(imageResult)),
      new Guarded(count),
    ] as const;
    const before = [params, spots, offsets, cells].map((array) => bytesOf(array).slice());
    const after = await raw.indexing(pack(indexerDescriptor, sizes.fields), params, spots, offsets, cells, outputs);
    expect(outputs.map((output) => output.strays())).toEqual([[], [], []]);
    for (const [i, input] of after.entries())
      expect(Buffer.compare(input, before[i] ?? new Uint8Array()), `input ${i} was changed`).toBe(0);
    // Poison that remains in a counter or in the assignment means that an output was not written.
    expect(outputs[2].bytes.includes(poison)).toBe(false);
    const summary = new Uint32Array(outputs[1].all.buffer, guardBytes, images * 4);
    expect(summary.includes(0x7f7f7f7f)).toBe(false);
    const words = new Uint32Array(outputs[0].all.buffer, guardBytes, outputs[0].bytes.length / 4);
    expect(words.includes(0x7f7f7f7f)).toBe(false);
  });
});
