/** Compares what `ewald/hdf5` reads with what h5py has read (hdf5-objects.py). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type HdfDataset,
  type HdfElementType,
  type HdfFile,
  type HdfNode,
  type HdfSelection,
  type HdfValue,
  open,
} from '../../dist/hdf5.node.js';

interface Told {
  readonly kind: 'group' | 'dataset' | 'type';
  readonly keys?: readonly string[];
  readonly shape?: readonly number[] | null;
  readonly chunks?: readonly number[] | null;
  readonly maxShape?: readonly number[];
  readonly texts?: readonly string[];
  readonly attributes?: Readonly<
    Record<string, { readonly shape: readonly number[] | null; readonly values: unknown }>
  >;
  readonly reads?: readonly { readonly ranges: HdfSelection; readonly values: unknown }[];
}

/** Files drawn by a seed, and what h5py read from them; undefined without h5py. */
export function drawnFiles(seed: number, count: number): Drawn | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-hdf5-objects-'));
  const script = join(process.cwd(), 'test/frames/hdf5-objects.py');
  for (const python of ['/usr/bin/python3', 'python3']) {
    const args = [script, folder, `${seed}`, `${count}`];
    const { status, stdout, stderr, error } = spawnSync(python, args, { encoding: 'utf8', maxBuffer: 2 ** 30 });
    if (status === 0) return { folder, told: JSON.parse(stdout) };
    if (!error && !stderr.includes('ModuleNotFoundError')) throw new Error(stderr);
  }
  return undefined;
}

/** A folder of files, and their objects by path. */
export interface Drawn {
  readonly folder: string;
  readonly told: Readonly<Record<string, Readonly<Record<string, Told>>>>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const hexOf = (array: ArrayBufferView): string => hex(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));

/** The bits of a half float that h5py wrote. */
function halfBits(value: number): number {
  for (let bits = 0; bits < 2 ** 16; bits++) {
    const [exponent, mantissa] = [(bits >> 10) & 31, bits & 1023];
    const size = exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25);
    if (exponent < 31 && Object.is(bits >> 15 ? -size : size, value)) return bits;
  }
  throw new Error(`${value} is no half float`);
}

/** One number of a record as the bytes of its dtype. */
function numberHex(value: number | bigint | ArrayBufferView, type: HdfElementType): string {
  if (typeof value === 'object') return hexOf(value);
  const dtype = 'dtype' in type ? type.dtype : 'u8';
  const view = new DataView(new ArrayBuffer(8));
  const bits = Number(dtype.slice(1));
  if (dtype === 'f16') view.setUint16(0, halfBits(Number(value)), true);
  else if (dtype.startsWith('f'))
    bits === 32 ? view.setFloat32(0, Number(value), true) : view.setFloat64(0, Number(value), true);
  else view.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return hex(new Uint8Array(view.buffer, 0, bits / 8));
}

const isNumbers = (type: HdfElementType): boolean => type.kind === 'number' || type.kind === 'enum';

/** A value in the form of hdf5-objects.py. */
async function coded(value: HdfValue, type: HdfElementType, file: HdfFile): Promise<unknown> {
  if (isNumbers(type)) return { n: numberHex(value as number, type) };
  switch (type.kind) {
    case 'text':
      return { t: value };
    case 'opaque':
    case 'bytes':
      return { b: hexOf(value as Uint8Array) };
    case 'list':
    case 'array':
      return { a: await all(value as HdfValue[], type.of, file) };
    case 'reference': {
      const reference = value as { kind: string; address: number; part: unknown };
      if (type.to === 'object') return { o: reference.kind === 'none' ? null : reference.address };
      if (reference.kind === 'none') return { p: null };
      const target = await file.at(reference as never);
      if (target.kind !== 'dataset') throw new Error('a region of no dataset');
      const chosen = await target.read(reference.part as HdfSelection);
      return { p: [reference.address, chosen.length] };
    }
    case 'compound': {
      const record: Record<string, unknown> = {};
      for (const { name, type: own } of type.members)
        record[name] = await coded((value as Record<string, HdfValue>)[name] as HdfValue, own, file);
      return { r: record };
    }
    default:
      throw new Error(type.kind);
  }
}

/** Single elements of an array, complex ones as pairs. */
async function all(values: ArrayLike<unknown>, type: HdfElementType, file: HdfFile): Promise<unknown[]> {
  const out: unknown[] = [];
  const isComplex = 'dtype' in type && type.dtype.startsWith('c');
  if (isComplex && ArrayBuffer.isView(values)) {
    const pairs = values as unknown as Float32Array;
    for (let i = 0; i < pairs.length; i += 2) out.push({ n: hexOf(pairs.subarray(i, i + 2)) });
    return out;
  }
  for (let i = 0; i < values.length; i++) out.push(await coded(values[i] as HdfValue, type, file));
  return out;
}

const codedAll = async (values: unknown, type: HdfElementType, file: HdfFile): Promise<unknown> =>
  values instanceof Float32Array && 'dtype' in type && type.dtype === 'f16'
    ? { n: Array.from(values, (value) => numberHex(value, type)).join('') }
    : isNumbers(type) && ArrayBuffer.isView(values)
      ? { n: hexOf(values) }
      : all(values as ArrayLike<unknown>, type, file);

async function attributesOf(node: HdfNode, file: HdfFile): Promise<unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, { shape, type, value }] of await node.attributes()) {
    if (shape === undefined) {
      out[name] = { shape: null };
      continue;
    }
    const isOne = shape.length === 0;
    const single = isOne && isNumbers(type) ? { n: numberHex(value as number, type) } : undefined;
    out[name] = { shape, values: single ?? (await codedAll(isOne ? [value] : value, type, file)) };
  }
  return out;
}

async function readsOf(dataset: HdfDataset, told: Told, file: HdfFile): Promise<Told['reads']> {
  return Promise.all(
    (told.reads ?? []).map(async ({ ranges }) => {
      const values = await dataset.read(ranges);
      return { ranges, values: await codedAll(values, dataset.type, file) };
    }),
  );
}

/** What `ewald/hdf5` reads of a file, in the form in which h5py's part is told. */
export async function readAsTold(path: string, told: Readonly<Record<string, Told>>): Promise<Record<string, unknown>> {
  const file = await open(path);
  const read: Record<string, unknown> = {};
  try {
    for (const [name, wanted] of Object.entries(told)) {
      const node = await file.get(name);
      if (!node) throw new Error(`${path} has no ${name}`);
      const { kind } = node;
      if (kind === 'type') read[name] = { kind };
      else if (kind === 'group')
        read[name] = { kind, keys: [...node.links.keys()], attributes: await attributesOf(node, file) };
      else if (wanted.texts) read[name] = { kind, texts: await node.read() };
      else {
        const attributes = await attributesOf(node, file);
        if (node.shape === undefined) read[name] = { kind, attributes, shape: null };
        else
          read[name] = {
            ...{ kind, attributes, shape: node.shape },
            ...{ chunks: node.chunks ?? null, maxShape: node.maxShape?.map((n) => (n === Infinity ? -1 : n)) },
            reads: await readsOf(node, wanted, file),
          };
      }
    }
    return read;
  } finally {
    await file.dispose();
  }
}
