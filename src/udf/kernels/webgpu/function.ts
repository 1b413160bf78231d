/**
 * A user's WGSL over frames. Results per frame are read back with their chunk. Results over all frames stay on the
 * device until the end of a run, one copy per group of frames, and the caller merges them like partitions.
 */
import prelude from '../../../../wgsl/udf/function.wgsl';
import { maxBytes, withConstants } from '../../../compute/backends/webgpu/constants.js';
import type { GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer, Usage } from '../../../compute/backends/webgpu/pool.js';
import { EwaldError, isEwaldError } from '../../../util/errors.js';
import type {
  FunctionArray,
  FunctionDescriptor,
  FunctionKernel,
  FunctionOp,
  FunctionResult,
  FunctionRun,
} from '../../pass/function-contract.js';
import { chunkOf, packAsWords } from './chunks.js';
import { type FrameLayout, frameConstants, layoutOf } from './shaders.js';

/** Groups of frames if there are results over all frames: each has its own copy of them. */
const maxGroups = 64;
/** Bytes of all copies together. */
const groupBytes = 2 ** 26;

/** The frame functions of a device. */
export const functionOp = (device: GpuDevice): FunctionOp => ({
  supports: (descriptor) => refusal(device, descriptor) ?? true,
  plan: (descriptor) => planFunction(device, descriptor),
});

const sum = (list: readonly { readonly numbers: number }[]): number =>
  list.reduce((all, { numbers }) => all + numbers, 0);
const ofKind = <T extends { readonly kind: string }>(list: readonly T[], kind: T['kind']): T[] =>
  list.filter((one) => one.kind === kind);

function refusal(
  device: GpuDevice,
  { width, height, results, tables }: FunctionDescriptor,
): { why: string } | undefined {
  const most = maxBytes(device);
  const needed: [string, number][] = [
    ['a frame', 4 * width * height],
    ['the results', 4 * sum(results)],
    ['the auxiliary data', 4 * sum(tables)],
  ];
  const large = needed.find(([, bytes]) => bytes > most);
  return large && { why: `${large[0]} may need ${large[1]} bytes; the limit of a buffer is ${most}` };
}

/** Offsets within a buffer: data per frame first, then the rest. */
function placesOf(list: readonly { readonly kind: string; readonly numbers: number }[], frames: number): number[] {
  let [nav, fixed] = [0, sum(ofKind(list, 'nav')) * frames];
  return list.map(({ kind, numbers }) => {
    if (kind === 'nav') {
      nav += numbers * frames;
      return nav - numbers * frames;
    }
    fixed += numbers;
    return fixed - numbers;
  });
}

/** WGSL accessors of results, parameters and tables by name. */
function accessors({ results, params, tables }: FunctionDescriptor, frames: number, groupWords: number): string {
  const resultPlaces = placesOf(results, frames);
  const tablePlaces = placesOf(tables, frames);
  return [
    `struct Params {\n  padding: f32,\n${params.map((name) => `  ${name}: f32,\n`).join('')}}`,
    ...results.map(({ name, kind, type, numbers }, i) => {
      const at =
        kind === 'nav'
          ? `${resultPlaces[i]}u + frame_here * ${numbers}u + i`
          : `${resultPlaces[i]}u + group_here * ${groupWords}u + i`;
      return [
        `fn get_${name}(i: u32) -> ${type} { return bitcast<${type}>(results[${at}]); }`,
        `fn set_${name}(i: u32, value: ${type}) { results[${at}] = bitcast<u32>(value); }`,
      ].join('\n');
    }),
    ...tables.map(({ name, kind, numbers }, i) => {
      const at = kind === 'nav' ? `${tablePlaces[i]}u + frame_here * ${numbers}u + i` : `${tablePlaces[i]}u + i`;
      return `fn get_${name}(i: u32) -> f32 { return tables[${at}]; }`;
    }),
  ].join('\n');
}

const resultArray = ({ type }: FunctionResult, words: Uint32Array): FunctionArray => {
  const { buffer, byteOffset, length } = words;
  if (type === 'f32') return new Float32Array(buffer, byteOffset, length);
  return type === 'i32' ? new Int32Array(buffer, byteOffset, length) : words;
};

/** How the results and tables of a chunk of `most` frames lie in their buffers, in words. */
interface Rooms {
  readonly layout: FrameLayout;
  readonly most: number;
  /** Results over all frames: words of one copy, and the number of copies. */
  readonly groupWords: number;
  readonly groups: number;
  /** Results of each frame, which come first. */
  readonly navWords: number;
  readonly resultPlaces: readonly number[];
  readonly tablePlaces: readonly number[];
}

function roomsOf(device: GpuDevice, { dtype, width, height, results, tables }: FunctionDescriptor): Rooms {
  const layout = layoutOf(dtype, width, height);
  const most = chunkOf(device, layout, Math.max(sum(ofKind(results, 'nav')), sum(ofKind(tables, 'nav'))));
  const groupWords = sum(ofKind(results, 'group'));
  const navWords = sum(ofKind(results, 'nav')) * most;
  const room = Math.min(groupBytes, maxBytes(device) - 4 * navWords);
  const groups = Math.max(1, Math.min(maxGroups, Math.floor(room / Math.max(1, 4 * groupWords))));
  const [resultPlaces, tablePlaces] = [placesOf(results, most), placesOf(tables, most)];
  return { layout, most, groupWords, groups, navWords, resultPlaces, tablePlaces };
}

async function planFunction(device: GpuDevice, descriptor: FunctionDescriptor): Promise<FunctionKernel> {
  const { params, tables } = descriptor;
  const rooms = roomsOf(device, descriptor);
  const { layout, most, navWords, groups, groupWords } = rooms;
  const pipeline = await compiled(device, descriptor, rooms);
  const held: GpuBuffer[] = [];
  const hold = async (bytes: number, usage: Usage, label: string): Promise<GpuBuffer> => {
    const buffer = await device.buffer(Math.max(16, bytes), usage, `udf ${label}`);
    held.push(buffer);
    return buffer;
  };
  const tableWords = sum(ofKind(tables, 'nav')) * most + sum(ofKind(tables, 'fixed'));
  try {
    const buffers = {
      frames: await hold(4 * layout.frameWords * most, 'storage', 'frames'),
      chunk: await hold(16, 'uniform', 'chunk'),
      given: await hold(Math.ceil((params.length + 1) / 4) * 16, 'uniform', 'parameters'),
      positions: await hold(4 * most, 'storage', 'positions'),
      data: await hold(4 * tableWords, 'storage', 'auxiliary data'),
      out: await hold(4 * (navWords + groups * groupWords), 'storage', 'results'),
    };
    return new FrameFunction(device, descriptor, rooms, pipeline, buffers);
  } catch (error) {
    for (const buffer of held) buffer.release();
    throw error;
  }
}

/** The pipeline of the user's WGSL; what it gets wrong is an `Argument`. */
async function compiled(
  device: GpuDevice,
  descriptor: FunctionDescriptor,
  { layout, most, groupWords }: Rooms,
): Promise<GPUComputePipeline> {
  const { name, source } = descriptor;
  try {
    return await device.pipeline({
      source: [
        withConstants(prelude, frameConstants(layout)),
        accessors(descriptor, most, groupWords),
        `//@ ${name.replace(/\s/g, '-')} 1`,
        source,
      ].join('\n'),
      entry: 'every_frame',
    });
  } catch (cause) {
    if (!isEwaldError(cause, 'Internal')) throw cause;
    throw new EwaldError('Argument', `the UDF ${name}: ${cause.message}`, { cause, detail: cause.detail });
  }
}

type Buffers = Readonly<Record<'frames' | 'chunk' | 'given' | 'positions' | 'data' | 'out', GpuBuffer>>;

/** Frames of a run that are on the device together. */
interface Chunk {
  readonly first: number;
  readonly length: number;
  readonly number: number;
}

const rowsOf = <A extends FunctionArray>(array: A, numbers: number, { first, length }: Chunk): A =>
  array.subarray(first * numbers, (first + length) * numbers) as A;

/** A planned function with its buffers. */
class FrameFunction implements FunctionKernel {
  readonly bytes: number;
  readonly #device: GpuDevice;
  readonly #descriptor: FunctionDescriptor;
  readonly #rooms: Rooms;
  readonly #pipeline: GPUComputePipeline;
  readonly #buffers: Buffers;
  readonly #bound: GPUBindGroup;

  constructor(
    device: GpuDevice,
    descriptor: FunctionDescriptor,
    rooms: Rooms,
    pipeline: GPUComputePipeline,
    buffers: Buffers,
  ) {
    [this.#device, this.#descriptor, this.#rooms] = [device, descriptor, rooms];
    [this.#pipeline, this.#buffers] = [pipeline, buffers];
    const { frames, chunk, given, positions, data, out } = buffers;
    this.#bound = device.bind(pipeline, [frames, chunk, given, positions, data, out]);
    this.bytes = Object.values(buffers).reduce((all, { bytes }) => all + bytes, 0);
  }

  async run(job: FunctionRun): Promise<FunctionArray[][]> {
    const { most } = this.#rooms;
    this.#writeFixed(job);
    const under: Promise<void>[] = [];
    try {
      for (let first = 0, number = 0; first < job.count; first += most, number++) {
        const chunk = { first, number, length: Math.min(most, job.count - first) };
        this.#writeChunk(job, chunk);
        // Writes and submissions are executed in order, so one buffer suffices; two readbacks may be in flight.
        if (under.length > 1) await under.shift();
        const done = this.#runChunk(job, chunk);
        done.catch(() => undefined);
        under.push(done);
      }
      await Promise.all(under);
    } catch (error) {
      await Promise.allSettled(under);
      throw error;
    }
    return this.#readGroups(Math.min(this.#rooms.groups, job.count, most));
  }

  async dispose(): Promise<void> {
    for (const buffer of Object.values(this.#buffers)) buffer.release();
  }

  /** Parameters, tables for all frames, and the initial results over all frames, one copy per group. */
  #writeFixed(job: FunctionRun): void {
    const { results, tables } = this.#descriptor;
    const { groups, groupWords, resultPlaces, tablePlaces } = this.#rooms;
    const { given, data, out } = this.#buffers;
    this.#device.write(given, Float32Array.of(0, ...job.params));
    for (const [i, { kind }] of tables.entries())
      if (kind === 'fixed') this.#device.write(data, job.tables[i] as Float32Array, 4 * (tablePlaces[i] as number));
    for (let group = 0; group < groups; group++)
      for (const [i, { kind }] of results.entries()) {
        const place = (resultPlaces[i] as number) + group * groupWords;
        if (kind === 'group') this.#device.write(out, job.results[i] as FunctionArray, 4 * place);
      }
  }

  #writeChunk(job: FunctionRun, chunk: Chunk): void {
    const { results, tables } = this.#descriptor;
    const { layout, resultPlaces, tablePlaces } = this.#rooms;
    const { first, length, number } = chunk;
    const buffers = this.#buffers;
    const pixels = job.frames.subarray(first * layout.pixels, (first + length) * layout.pixels);
    this.#device.write(buffers.frames, packAsWords(pixels, length, layout));
    this.#device.write(buffers.chunk, Uint32Array.of(length, first, number, 0));
    this.#device.write(buffers.positions, job.positions.subarray(first, first + length));
    for (const [i, { kind, numbers }] of tables.entries()) {
      const rows = job.tables[i] as Float32Array;
      if (kind === 'nav')
        this.#device.write(buffers.data, rowsOf(rows, numbers, chunk), 4 * (tablePlaces[i] as number));
    }
    for (const [i, { kind, numbers }] of results.entries()) {
      const rows = job.results[i] as FunctionArray;
      if (kind === 'nav')
        this.#device.write(buffers.out, rowsOf(rows, numbers, chunk), 4 * (resultPlaces[i] as number));
    }
  }

  /** Runs over a chunk, and reads its results per frame into those of the job. */
  #runChunk(job: FunctionRun, chunk: Chunk): Promise<void> {
    const { groups, groupWords, navWords, resultPlaces } = this.#rooms;
    const { length } = chunk;
    return this.#device.run(
      (commands) => {
        commands.dispatch(this.#pipeline, this.#bound, groupWords > 0 ? Math.min(groups, length) : length);
        if (navWords > 0) commands.read(this.#buffers.out, 0, 4 * navWords);
      },
      ([bytes]) => {
        if (!bytes) return;
        const words = new Uint32Array(bytes.buffer, bytes.byteOffset, navWords);
        for (const [i, result] of this.#descriptor.results.entries()) {
          if (result.kind !== 'nav') continue;
          const place = resultPlaces[i] as number;
          const found = resultArray(result, words.subarray(place, place + length * result.numbers));
          const rows = rowsOf(job.results[i] as FunctionArray, result.numbers, chunk);
          (rows as Float32Array).set(found as Float32Array);
        }
      },
    );
  }

  /** The copies of the results over all frames that were used. */
  async #readGroups(used: number): Promise<FunctionArray[][]> {
    const { groups, groupWords, navWords, resultPlaces } = this.#rooms;
    if (groupWords === 0) return [];
    const { results } = this.#descriptor;
    const words = new Uint32Array(await this.#device.read(this.#buffers.out, 4 * navWords, 4 * groups * groupWords));
    return Array.from({ length: used }, (_, group) =>
      ofKind(results, 'group').map((result) => {
        const place = (resultPlaces[results.indexOf(result)] as number) - navWords + group * groupWords;
        return resultArray(result, words.subarray(place, place + result.numbers));
      }),
    );
  }
}
