/**
 * A user's WGSL over frames. Results per frame are read back with their chunk. Results over all frames stay on the
 * device until the end of a run, one copy per group of frames, and the caller merges them like partitions.
 */
import prelude from '../../../../wgsl/udf/function.wgsl';
import { EwaldError, isEwaldError } from '../../../base/errors.js';
import type { GpuDevice } from '../../../core/backends/webgpu/device.js';
import type { GpuBuffer, Usage } from '../../../core/backends/webgpu/pool.js';
import type {
  FunctionArray,
  FunctionDescriptor,
  FunctionKernel,
  FunctionOp,
  FunctionResult,
  FunctionRun,
} from '../../pass/function-contract.js';
import { asWords, chunkOf } from './chunks.js';
import { frameConstants, layoutOf, withConstants } from './shaders.js';

/** Groups of frames if there are results over all frames: each has its own copy of them. */
const mostGroups = 64;
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

/** Size in bytes of the largest buffer that a kernel can bind. */
const mostBytes = ({ limits }: GpuDevice): number =>
  Math.min(limits.maxStorageBufferBindingSize ?? 0, limits.maxBufferSize ?? 0);

function refusal(
  device: GpuDevice,
  { width, height, results, tables }: FunctionDescriptor,
): { why: string } | undefined {
  const most = mostBytes(device);
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

async function planFunction(device: GpuDevice, descriptor: FunctionDescriptor): Promise<FunctionKernel> {
  const { name, source, dtype, width, height, results, params, tables } = descriptor;
  const layout = layoutOf(dtype, width, height);
  const most = chunkOf(device, layout, Math.max(sum(ofKind(results, 'nav')), sum(ofKind(tables, 'nav'))));
  const grouped = ofKind(results, 'group');
  const groupWords = sum(grouped);
  const navWords = sum(ofKind(results, 'nav')) * most;
  const room = Math.min(groupBytes, mostBytes(device) - 4 * navWords);
  const groups = Math.max(1, Math.min(mostGroups, Math.floor(room / Math.max(1, 4 * groupWords))));
  const resultPlaces = placesOf(results, most);
  const tablePlaces = placesOf(tables, most);
  let pipeline: GPUComputePipeline;
  try {
    pipeline = await device.pipeline({
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
  const held: GpuBuffer[] = [];
  const hold = async (bytes: number, usage: Usage, label: string): Promise<GpuBuffer> => {
    const buffer = await device.buffer(Math.max(16, bytes), usage, label);
    held.push(buffer);
    return buffer;
  };
  const release = (): void => {
    for (const buffer of held.splice(0)) buffer.release();
  };
  try {
    const frames = await hold(4 * layout.frameWords * most, 'storage', 'udf frames');
    const chunk = await hold(16, 'uniform', 'udf chunk');
    const given = await hold(Math.ceil((params.length + 1) / 4) * 16, 'uniform', 'udf parameters');
    const positions = await hold(4 * most, 'storage', 'udf positions');
    const fixedTables = sum(ofKind(tables, 'fixed'));
    const data = await hold(4 * (sum(ofKind(tables, 'nav')) * most + fixedTables), 'storage', 'udf auxiliary data');
    const out = await hold(4 * (navWords + groups * groupWords), 'storage', 'udf results');
    const bound = device.bind(pipeline, [frames, chunk, given, positions, data, out]);

    async function run(job: FunctionRun): Promise<FunctionArray[][]> {
      device.write(given, Float32Array.of(0, ...job.params));
      for (const [i, { kind }] of tables.entries())
        if (kind === 'fixed') device.write(data, job.tables[i] as Float32Array, 4 * (tablePlaces[i] as number));
      for (let group = 0; group < groups; group++)
        for (const [i, { kind }] of results.entries())
          if (kind === 'group')
            device.write(out, job.results[i] as FunctionArray, 4 * ((resultPlaces[i] as number) + group * groupWords));
      const under: Promise<void>[] = [];
      try {
        for (let first = 0, number = 0; first < job.count; first += most, number++) {
          const length = Math.min(most, job.count - first);
          const pixels = job.frames.subarray(first * layout.pixels, (first + length) * layout.pixels);
          device.write(frames, asWords(pixels, length, layout));
          device.write(chunk, Uint32Array.of(length, first, number, 0));
          device.write(positions, job.positions.subarray(first, first + length));
          const rows = <A extends FunctionArray>(array: A, numbers: number): A =>
            array.subarray(first * numbers, (first + length) * numbers) as A;
          for (const [i, { kind, numbers }] of tables.entries())
            if (kind === 'nav')
              device.write(data, rows(job.tables[i] as Float32Array, numbers), 4 * (tablePlaces[i] as number));
          for (const [i, { kind, numbers }] of results.entries())
            if (kind === 'nav')
              device.write(out, rows(job.results[i] as FunctionArray, numbers), 4 * (resultPlaces[i] as number));
          // Writes and submissions are executed in order, so one buffer suffices; two readbacks may be in flight.
          if (under.length > 1) await under.shift();
          const done = device.run(
            (commands) => {
              commands.dispatch(pipeline, bound, groupWords > 0 ? Math.min(groups, length) : length);
              if (navWords > 0) commands.read(out, 0, 4 * navWords);
            },
            ([bytes]) => {
              if (!bytes) return;
              const words = new Uint32Array(bytes.buffer, bytes.byteOffset, navWords);
              for (const [i, result] of results.entries()) {
                if (result.kind !== 'nav') continue;
                const place = resultPlaces[i] as number;
                const found = resultArray(result, words.subarray(place, place + length * result.numbers));
                (rows(job.results[i] as FunctionArray, result.numbers) as Float32Array).set(found as Float32Array);
              }
            },
          );
          done.catch(() => undefined);
          under.push(done);
        }
        await Promise.all(under);
      } catch (error) {
        await Promise.allSettled(under);
        throw error;
      }
      if (groupWords === 0) return [];
      const used = Math.min(groups, job.count, most);
      const words = new Uint32Array(await device.read(out, 4 * navWords, 4 * groups * groupWords));
      return Array.from({ length: used }, (_, group) =>
        grouped.map((result) => {
          const place = (resultPlaces[results.indexOf(result)] as number) - navWords + group * groupWords;
          return resultArray(result, words.subarray(place, place + result.numbers));
        }),
      );
    }
    return {
      bytes: held.reduce((all, { bytes }) => all + bytes, 0),
      run,
      dispose: async () => release(),
    };
  } catch (error) {
    release();
    throw error;
  }
}
