/** Each field has one range: the facade accepts exactly the values that the cores accept. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  imageResult,
  indexedCell,
  indexerDescriptor,
  indexerParams,
  indexerRanges,
  thresholdRanges,
} from '../../src/compute/layout/indexing.js';
import { pack, structBytes, wordOf } from '../../src/compute/layout/struct.js';
import { checkSizes, packThresholds } from '../../src/indexing/parameters.js';
import type { Range } from '../../src/util/range.js';
import { loadAddon, present } from '../support/emulated-card.js';

interface Core {
  readonly name: string;
  /** The error for a descriptor and parameters; undefined if a run succeeds. */
  readonly complaint: (descriptor: Uint8Array, params: Uint8Array) => Promise<string | undefined>;
}

// biome-ignore lint/suspicious/noExplicitAny: functions of the addons, distinguished by their arguments
type Addon = any;
const arrays = (descriptor: Uint8Array) => ({
  spots: new Float32Array(3),
  offsets: Uint32Array.of(0, 1),
  cells: Float32Array.of(50, 0, 0, 0, 60, 0, 0, 0, 70),
  found: new Uint8Array(
    new DataView(descriptor.buffer).getUint32(4 * wordOf(indexerDescriptor, 'maxOutputCells'), true) *
      structBytes(indexedCell),
  ),
  results: new Uint8Array(structBytes(imageResult)),
  assignment: new Uint8Array(1),
});
const said = async (run: () => unknown): Promise<string | undefined> => {
  try {
    await run();
    return undefined;
  } catch (error) {
    return String(error);
  }
};
const require = createRequire(import.meta.url);
const platform = `${process.platform}-${process.arch}`;
const nativePath = fileURLToPath(new URL(`../../dist/native/${platform}/ewald_native.node`, import.meta.url));
const native: Core = {
  name: 'native',
  complaint: (descriptor, params) =>
    said(async () => {
      const addon: Addon = require(nativePath);
      const { spots, offsets, cells, found, results, assignment } = arrays(descriptor);
      const indexer = addon.indexerCreate(descriptor);
      try {
        await addon.indexerRun(indexer, params, spots, offsets, 1, cells, 1, found, results, assignment);
      } finally {
        addon.indexerDestroy(indexer);
      }
    }),
};
const emulated: Core = {
  name: 'cuda-emulated',
  complaint: (descriptor, params) =>
    said(async () => {
      const addon: Addon = loadAddon();
      const { spots, offsets, cells, found, results, assignment } = arrays(descriptor);
      const handle = await addon.open();
      try {
        const indexer = await addon.indexerCreate(handle, descriptor, 100);
        try {
          await addon.indexerRun(indexer, params, spots, offsets, 1, cells, 1, found, results, assignment);
        } finally {
          addon.indexerDestroy(indexer);
        }
      } finally {
        addon.close(handle);
      }
    }),
};

const snake = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
/** Values at the edges of a range that are inside, and adjacent values that are outside. */
function edges({ low, high, exclusive, zero }: Range, real: boolean): { inside: number[]; outside: number[] } {
  const step = real ? 1e-3 : 1;
  return {
    inside: [exclusive ? low + step : low, high, ...(zero === undefined ? [] : [0])],
    outside: [high + step, ...(exclusive ? [low] : low - step >= (real ? -400 : 0) ? [low - step] : [])].filter(
      (value) => !(zero !== undefined && value === 0),
    ),
  };
}

const options = { batch: 1, maxOutputCells: 8, maxSpots: 6 };
const sizes = checkSizes(options).fields;
// Where fields depend on each other, the other fields have values that leave only the tested range to decide.
const roomy = { ...sizes, maxSamplePoints: 2 ** 20, maxAnglePoints: 65536 };
const plain = packThresholds(checkSizes(options), {});
const withParam = (name: string, value: number): Uint8Array => {
  const bytes = plain.slice();
  const view = new DataView(bytes.buffer);
  const at = 4 * wordOf(indexerParams, name);
  const real = indexerParams.fields.find((field) => field.name === name)?.type === 'f32';
  if (real) view.setFloat32(at, value, true);
  else view.setUint32(at, value, true);
  if (name === 'trimLow') view.setFloat32(4 * wordOf(indexerParams, 'trimHigh'), 0.5, true);
  if (name === 'trimHigh') view.setFloat32(4 * wordOf(indexerParams, 'trimLow'), 0, true);
  return bytes;
};
const isReal = (name: string): boolean => indexerParams.fields.some((f) => f.name === name && f.type === 'f32');
// A trimLow of 0.5 is inside its range, but cannot be below trimHigh; large sizes need gigabytes.
const notRun = new Set(['trimLow 0.5', 'trimHigh 0', 'batch 65536', 'maxSamplePoints 1048576', 'maxSpots 4096']);

describe.each([native, ...(present ? [emulated] : [])])(
  'the ranges of the layout, on $name',
  ({ name: on, complaint }) => {
    const tags = on === 'cuda-emulated' ? ['all'] : [];
    test.each(Object.entries(indexerRanges as Record<string, Range>))('size %s', { tags }, async (name, range) => {
      const { inside, outside } = edges(range, false);
      for (const value of outside)
        expect(
          await complaint(pack(indexerDescriptor, { ...sizes, [name]: value }), plain),
          `${name} ${value}`,
        ).toContain(`${snake(name)} is ${value}; expected`);
      for (const value of inside.filter((value) => !notRun.has(`${name} ${value}`)))
        expect(await complaint(pack(indexerDescriptor, { ...sizes, [name]: value }), plain), `${name} ${value}`).toBe(
          undefined,
        );
    });

    test.each(Object.entries(thresholdRanges as Record<string, Range>))(
      'threshold %s',
      { tags },
      async (name, range) => {
        const { inside, outside } = edges(range, isReal(name));
        const descriptor = pack(indexerDescriptor, roomy);
        for (const value of [...outside, ...(isReal(name) ? [Number.NaN] : [])])
          expect(await complaint(descriptor, withParam(name, value)), `${name} ${value}`).toContain(
            `${snake(name)} is `,
          );
        for (const value of inside.filter((value) => !notRun.has(`${name} ${value}`)))
          expect(await complaint(descriptor, withParam(name, value)), `${name} ${value}`).toBe(undefined);
      },
    );
  },
);

test.each(Object.entries(thresholdRanges as Record<string, Range>).filter(([name]) => name !== 'refinement'))(
  'the facade applies the same range to %s',
  (name, range) => {
    const { inside, outside } = edges(range, isReal(name));
    const given = checkSizes({ ...options, maxSamplePoints: 2 ** 20, maxAnglePoints: 65536 });
    const room = name === 'trimLow' ? { trimHigh: 0.5 } : name === 'trimHigh' ? { trimLow: 0 } : {};
    for (const value of [...outside, Number.NaN])
      expect(() => packThresholds(given, { ...room, [name]: value }), `${name} ${value}`).toThrow(`index: ${name} is`);
    for (const value of inside.filter((value) => !notRun.has(`${name} ${value}`)))
      expect(() => packThresholds(given, { ...room, [name]: value }), `${name} ${value}`).not.toThrow();
  },
);
