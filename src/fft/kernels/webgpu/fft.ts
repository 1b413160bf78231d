/**
 * Transforms on WebGPU: a kernel for each pass, generated for its lengths and strides; see wgsl/fft.
 *
 * A plan holds both sides, the numbers between passes, all tables and the staging memory of a result; a run writes its
 * input, submits its passes together and reads its output. A side that is a device array replaces the plan's own
 * buffer.
 */

import { GpuArray } from '../../../compute/arrays/kernels/webgpu.js';
import type { Commands } from '../../../compute/backends/webgpu/commands.js';
import type { BufferRequest, GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer } from '../../../compute/backends/webgpu/pool.js';
import { EwaldError } from '../../../util/errors.js';
import type { FftDescriptor, FftKernel, FftOp, FftSide } from '../../contract.js';
import { type BufferRole, logicalPoints, type Pass, type Program, programOf } from './program.js';
import { type Shader, shaderOf, type WorkgroupLimits } from './shader.js';
import { Tables } from './tables.js';

type Direction = 'forward' | 'backward';
type Scale = 'none' | 'full' | 'symmetric';
const scales: readonly Scale[] = ['none', 'full', 'symmetric'];

/** The transforms of a device. */
export function fftOp(device: GpuDevice): FftOp {
  const limits = limitsOf(device);
  return {
    supports: (descriptor) => supports(descriptor, device, limits),
    plan: (descriptor) => plan(descriptor, device, limits),
  };
}

/**
 * Workgroup memory; at most 32 KiB are requested, so that several workgroups share a multiprocessor's memory.
 * SwiftShader zeroes workgroup memory with one instruction per number, each of which takes 1 to 2 ms to compile: there,
 * lines are divided earlier.
 */
function limitsOf({ limits, software }: GpuDevice): WorkgroupLimits {
  const bytes = limits.maxComputeWorkgroupStorageSize ?? 16384;
  const capacity = software ? 512 : bytes >= 32768 ? 4096 : 2048;
  return { bytes, capacity, groups: limits.maxComputeWorkgroupsPerDimension ?? 65535 };
}

type BufferName = 'input' | 'output' | 'middle' | 'long' | 'tables';
const named: Record<BufferName, string> = {
  input: 'the input',
  output: 'the output',
  middle: 'the data between the axes',
  long: 'the data between the passes of a long axis',
  tables: 'the roots of unity',
};

/** All that a plan is before it touches the device. */
function draftPlan(descriptor: FftDescriptor, limits: WorkgroupLimits) {
  const tables = new Tables();
  const directions = [false, true].map((backward) => {
    const program = programOf(descriptor, backward, limits.capacity);
    return { program, passes: program.passes.map((pass) => ({ pass, shader: shaderOf(pass, tables, limits) })) };
  });
  const most = (of: (program: Program) => number): number => Math.max(...directions.map(({ program }) => of(program)));
  // Sides as forward sees them.
  const sizes: Record<BufferName, number> = {
    input: descriptor.inputElements * (descriptor.inputComplex ? 8 : 4),
    output: descriptor.outputElements * (descriptor.outputComplex ? 8 : 4),
    middle: 8 * most(({ middle }) => middle),
    long: 8 * most(({ long }) => long),
    tables: 8 * tables.length,
  };
  return { tables, directions, sizes };
}

function supports(descriptor: FftDescriptor, device: GpuDevice, limits: WorkgroupLimits): true | { why: string } {
  if (descriptor.precision === 'f64') return { why: 'WebGPU has no double precision; use wasm, native or cuda' };
  const { sizes } = draftPlan(descriptor, limits);
  const [what, bytes] = Object.entries(sizes).reduce((most, entry) => (entry[1] > most[1] ? entry : most)) as [
    BufferName,
    number,
  ];
  for (const name of ['maxStorageBufferBindingSize', 'maxBufferSize']) {
    const limit = device.limits[name] ?? Number.POSITIVE_INFINITY;
    if (bytes <= limit) continue;
    const size = `${descriptor.shape.join(' × ')}${descriptor.batch > 1 ? ` (batch ${descriptor.batch})` : ''}`;
    const advice = descriptor.batch > 1 ? 'use a smaller batch, or wasm or native' : 'use wasm or native';
    return {
      why: `${size} takes ${bytes} bytes for ${named[what]}, and ${name} of ${device.name} is ${limit}; ${advice}`,
    };
  }
  return true;
}

async function plan(descriptor: FftDescriptor, device: GpuDevice, limits: WorkgroupLimits): Promise<FftKernel> {
  const { tables, directions, sizes } = draftPlan(descriptor, limits);
  const drawn = await Promise.all(
    directions.map(({ passes }) =>
      Promise.all(
        passes.map(async ({ pass, shader }) => {
          const pipeline = await device.pipeline({ source: shader.source, entry: 'transform_lines' });
          return { pass, shader, pipeline };
        }),
      ),
    ),
  );
  const runs = new RunTable(descriptor, Math.max(256, device.limits.minUniformBufferOffsetAlignment ?? 256));
  for (const { passes } of directions)
    for (const { pass } of passes) for (const scale of scales) runs.slot(pass, scale);

  const values = tables.fill();
  const storage = (bytes: number, label: string): BufferRequest => ({ bytes, usage: 'storage', label: `fft ${label}` });
  const [uniform, table, input, output, staging, middle, long] = await device.buffers(
    { bytes: runs.bytes, usage: 'uniform', label: 'fft runs' },
    storage(values.byteLength, 'tables'),
    storage(sizes.input, 'input'),
    storage(sizes.output, 'output'),
    { bytes: Math.max(sizes.input, sizes.output), usage: 'staging', label: 'fft readback' },
    storage(Math.max(4, sizes.middle), 'between axes'),
    storage(Math.max(4, sizes.long), 'between pieces'),
  );
  const buffers = { uniform, table, input, output, staging, middle, long };
  try {
    device.write(uniform, runs.packed());
    device.write(table, values);
    return new GpuFft(descriptor, device, sizes, buffers, (backward, from, to) =>
      (drawn[Number(backward)] ?? []).map((step) =>
        stepOf(step, { ...buffers, input: from, output: to }, runs, device),
      ),
    );
  } catch (error) {
    for (const buffer of Object.values(buffers)) buffer.release();
    throw error;
  }
}

type Buffers = Readonly<Record<BufferRole | 'uniform' | 'table' | 'staging', GpuBuffer>>;
type Drawn = { readonly pass: Pass; readonly shader: Shader; readonly pipeline: GPUComputePipeline };

/** A pass with its buffers, ready for every scale. */
interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly groups: readonly GPUBindGroup[];
  readonly size: readonly [number, number];
}

function stepOf({ pass, shader, pipeline }: Drawn, buffers: Buffers, runs: RunTable, device: GpuDevice): Step {
  const bound = [
    ...(shader.usesTable ? [buffers.table] : []),
    buffers[pass.from],
    ...(pass.to === pass.from ? [] : [buffers[pass.to]]),
  ];
  const groups = scales.map((scale) =>
    device.bind(pipeline, [{ buffer: buffers.uniform, offset: runs.slot(pass, scale), bytes: 16 }, ...bound]),
  );
  return { pipeline, groups, size: shader.groups };
}

/** A plan with its buffers on the device. */
class GpuFft implements FftKernel {
  readonly bytes: number;
  readonly workspaceElements = 0;
  readonly prunes = true;
  readonly #device: GpuDevice;
  readonly #sizes: Readonly<Record<'input' | 'output', number>>;
  readonly #buffers: Buffers;
  /** Kept for each pair of buffers as long as both live. */
  readonly #steps: Readonly<Record<Direction, Pairs<readonly Step[]>>>;
  /**
   * Places between strided elements, and the padding of a real side in place, belong to the caller and must come back
   * as they were.
   */
  readonly #gaps: boolean;
  /** Commands of the caller's refer to the plan's buffers. */
  #isRecorded = false;

  constructor(
    descriptor: FftDescriptor,
    device: GpuDevice,
    sizes: Readonly<Record<'input' | 'output', number>>,
    buffers: Buffers,
    bind: (backward: boolean, from: GpuBuffer, to: GpuBuffer) => readonly Step[],
  ) {
    this.#device = device;
    this.#sizes = sizes;
    this.#buffers = buffers;
    this.bytes = Object.values(buffers).reduce((all, { bytes }) => all + bytes, 0);
    this.#gaps = descriptor.strided || (descriptor.inPlace && descriptor.kind === 'r2c');
    this.#steps = {
      forward: new Pairs((from, to) => bind(false, from, to)),
      backward: new Pairs((from, to) => bind(true, from, to)),
    };
    this.#steps.forward.of(buffers.input, buffers.output);
    this.#steps.backward.of(buffers.output, buffers.input);
  }

  execute(direction: Direction, given: FftSide, wanted: FftSide, scale: Scale): Promise<void> {
    return this.executeOn(direction, given, wanted, scale);
  }

  /** On a device of the caller's. */
  get encode(): FftKernel['encode'] {
    if (!this.#device.isBorrowed) return undefined;
    return (encoder, direction, given, wanted, scale) => {
      const { buffer: read } = given as GpuArray;
      const { buffer: array } = wanted as GpuArray;
      const written = array === read ? this.#otherSide(direction) : array;
      // Commands that were recorded outlive the plan: another one must not get its buffers.
      this.#isRecorded = true;
      this.#device.encode(encoder as GPUCommandEncoder, this.#recorder(direction, { read, written, array }, scale));
    };
  }

  #otherSide(direction: Direction): GpuBuffer {
    return this.#buffers[direction === 'forward' ? 'output' : 'input'];
  }

  /** The commands of a run from one buffer to another; with `array`, which is a device array, it ends in that. */
  #recorder(direction: Direction, { read, written, array }: RunBuffers, scale: Scale): (commands: Commands) => void {
    if (array && array !== read && array.raw === read.raw) throw oneBuffer();
    const writtenBytes = this.#sizes[direction === 'forward' ? 'output' : 'input'];
    return (commands) => {
      if (this.#gaps && array === read) commands.copy(array, written, writtenBytes);
      for (const { pipeline, groups, size } of this.#steps[direction].of(read, written))
        commands.dispatch(pipeline, groups[scales.indexOf(scale)] as GPUBindGroup, ...size);
      if (array === undefined) commands.read(written, 0, writtenBytes, this.#buffers.staging);
      else if (array === read) commands.copy(written, array, writtenBytes);
    };
  }

  async executeOn(direction: Direction, given: FftSide, wanted: FftSide, scale: Scale): Promise<void> {
    const [from, to] = direction === 'forward' ? (['input', 'output'] as const) : (['output', 'input'] as const);
    const writtenBytes = this.#sizes[to];
    const read = given instanceof GpuArray ? given.buffer : this.#buffers[from];
    const array = wanted instanceof GpuArray ? wanted.buffer : undefined;
    // In place the passes still go from one buffer to another: the result is copied over the input at the end.
    const written = array === undefined || array === read ? this.#otherSide(direction) : array;
    const record = this.#recorder(direction, { read, written, array }, scale);
    if (!(given instanceof GpuArray)) this.#device.write(read, firstBytes(given as Numbers, this.#sizes[from]));
    if (this.#gaps && array === undefined) this.#device.write(written, firstBytes(wanted as Numbers, writtenBytes));
    await this.#device.run(record, ([answer]) => {
      if (answer) firstBytes(wanted as Numbers, writtenBytes).set(answer);
    });
  }

  async dispose(): Promise<void> {
    for (const buffer of Object.values(this.#buffers)) buffer.release(this.#isRecorded ? 'broken' : undefined);
  }
}

/** What a run reads and writes, and the device array in which it ends. */
interface RunBuffers {
  readonly read: GpuBuffer;
  readonly written: GpuBuffer;
  readonly array: GpuBuffer | undefined;
}

const oneBuffer = (): EwaldError =>
  new EwaldError(
    'Argument',
    'fft: input and output are parts of one GPUBuffer, which WebGPU does not allow in one run; use two buffers, or a ' +
      'plan with inPlace: true and one array',
  );

type Numbers = Float32Array | Float64Array;
const firstBytes = (numbers: Numbers, bytes: number): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, bytes);

/** The bindings of a pair of buffers, created on first use and forgotten with either buffer. */
class Pairs<T> {
  readonly #made = new WeakMap<GpuBuffer, WeakMap<GpuBuffer, T>>();
  readonly #make: (from: GpuBuffer, to: GpuBuffer) => T;

  constructor(make: (from: GpuBuffer, to: GpuBuffer) => T) {
    this.#make = make;
  }

  of(from: GpuBuffer, to: GpuBuffer): T {
    const row = this.#made.get(from) ?? new WeakMap<GpuBuffer, T>();
    this.#made.set(from, row);
    const value = row.get(to) ?? this.#make(from, to);
    row.set(to, value);
    return value;
  }
}

/**
 * The uniforms that passes are bound to: each combination of scale and direction once (struct Run in
 * wgsl/fft/complex.wgsl).
 */
class RunTable {
  readonly #slots = new Map<string, { readonly scale: number; readonly swapIn: boolean; readonly swapOut: boolean }>();
  readonly #points: number;
  readonly #stride: number;

  constructor(descriptor: FftDescriptor, stride: number) {
    this.#points = logicalPoints(descriptor);
    this.#stride = stride;
  }

  /** Offset of the uniform of a pass. */
  slot({ last, swapIn, swapOut }: Pass, scale: Scale): number {
    const factor = !last || scale === 'none' ? 1 : scale === 'full' ? 1 / this.#points : 1 / Math.sqrt(this.#points);
    const key = `${factor} ${swapIn} ${swapOut}`;
    if (!this.#slots.has(key)) this.#slots.set(key, { scale: factor, swapIn, swapOut });
    return [...this.#slots.keys()].indexOf(key) * this.#stride;
  }

  get bytes(): number {
    return this.#slots.size * this.#stride;
  }

  packed(): Uint8Array {
    const out = new Uint8Array(this.bytes);
    [...this.#slots.values()].forEach(({ scale, swapIn, swapOut }, i) => {
      const view = new DataView(out.buffer, i * this.#stride);
      view.setFloat32(0, scale, true);
      view.setUint32(4, Number(swapIn), true);
      view.setUint32(8, Number(swapOut), true);
    });
    return out;
  }
}
