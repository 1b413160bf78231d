/**
 * A GPU device as the rooms use it: pipelines, buffers, ordered submissions, reads, and uniform handling of every
 * failure.
 *
 *     const pipeline = await device.pipeline({ source, entry: 'main', constants: { n: 4 } });
 *     const data = await device.buffer(bytes, 'storage');
 *     const bindings = device.bind(pipeline, [data]);
 *     device.write(data, input);                                  // ordered with the submissions
 *     const [answer] = await device.run((commands) => {           // one submission; several may be in flight
 *       commands.dispatch(pipeline, bindings, groups);
 *       commands.read(data, 0, bytes);
 *     });
 *     data.release();
 */
import { EwaldError, messageOf } from '../../../util/errors.js';
import type { OpenOptions } from '../backend.js';
import type { DeviceInfo } from '../names.js';
import { describe, describedBy, featuresOf, limitsOf } from './adapter.js';
import { Commands, type RecordedRead } from './commands.js';
import { BufferPool, type GpuBuffer, type Usage } from './pool.js';
import { compile } from './shader.js';
import { passClock } from './timestamps.js';
import { minUpload, Uploads } from './uploads.js';

/** A kernel to compile. */
interface PipelineSource {
  /** WGSL with its includes, as imported from a .wgsl file. */
  readonly source: string;
  readonly entry: string;
  /** Values of `override` constants. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** A buffer to make. */
export interface BufferRequest {
  readonly bytes: number;
  readonly usage: Usage;
  readonly label?: string;
}

/**
 * A buffer or a part of one; its offset is a multiple of minStorageBufferOffsetAlignment or
 * minUniformBufferOffsetAlignment.
 */
export type Binding = GpuBuffer | { readonly buffer: GpuBuffer; readonly offset: number; readonly bytes: number };

/** An open device. */
export class GpuDevice {
  readonly name: string;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: ReadonlySet<GPUFeatureName>;
  /** Computed by the CPU: even an idle workgroup is expensive. */
  readonly software: boolean;
  readonly #raw: GPUDevice;
  readonly #pool: BufferPool;
  readonly #uploads: Uploads;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #modules = new Map<string, Promise<GPUShaderModule>>();
  /** Rejecters of the work in flight; a set, because racing each promise against a long-lived one would leak. */
  readonly #inFlight = new Set<(reason: EwaldError) => void>();
  readonly #lossSettled: Promise<void>;
  /** The device is the caller's. */
  readonly isBorrowed: boolean;
  #lost: EwaldError | undefined;
  #fault: EwaldError | undefined;
  /** Checks of writes to a device of the caller's. */
  #pending: Promise<void> | undefined;
  #disposal: Promise<void> | undefined;

  private constructor(
    raw: GPUDevice,
    { name, kind }: DeviceInfo,
    features: readonly GPUFeatureName[],
    log: OpenOptions['log'],
    isBorrowed = false,
  ) {
    this.#raw = raw;
    this.isBorrowed = isBorrowed;
    this.name = name;
    this.software = kind === 'software';
    this.limits = limitsOf(raw);
    this.features = new Set(features);
    this.#pool = new BufferPool(raw);
    this.#uploads = new Uploads(raw);
    // A device of the caller's outlives this one, which its promise must not keep.
    const weak = new WeakRef(this);
    this.#lossSettled = raw.lost.then((loss) => {
      const device = weak.deref();
      if (device) device.#lose(loss, log);
    });
    if (isBorrowed) return;
    // An error outside all error scopes is kept and thrown at the next request for a result.
    raw.onuncapturederror = (event) => {
      this.#fault ??= deviceError(event.error, 'work outside a submission');
      event.preventDefault?.();
    };
  }

  #lose({ reason, message }: GPUDeviceLostInfo, log: OpenOptions['log']): void {
    if (this.#disposal) return;
    const why = [reason, message].filter((word) => word && word !== 'unknown').join(': ');
    this.#lost = deviceLost(this.name, why, this.isBorrowed, { device: this.name, reason, message });
    for (const reject of this.#inFlight) reject(this.#lost);
    this.#inFlight.clear();
    try {
      log('warn', this.#lost.message);
    } catch {
      // The sink of the log threw; the work in flight has failed already.
    }
  }

  /** Works on a device of the caller's, which is never destroyed. Throws `DeviceLost`. */
  static async borrow(raw: GPUDevice, log: OpenOptions['log']): Promise<GpuDevice> {
    const described = describedBy(raw);
    const info = describe(described);
    // A promise that is settled already comes before the next turn of the event loop.
    const lost = await Promise.race([raw.lost, new Promise<undefined>((wake) => setTimeout(wake))]);
    if (lost) throw deviceLost(info.name, lost.message || lost.reason, true, { device: info.name, ...lost });
    return new GpuDevice(raw, info, featuresOf(described), log, true);
  }

  /** Opens a device with all features and limits of the adapter that ewald knows. */
  static async open(adapter: GPUAdapter, log: OpenOptions['log']): Promise<GpuDevice> {
    const info = describe(adapter);
    const features = featuresOf(adapter);
    try {
      const raw = await adapter.requestDevice({
        label: 'ewald',
        requiredFeatures: features,
        requiredLimits: limitsOf(adapter),
      });
      return new GpuDevice(raw, info, features, log);
    } catch (cause) {
      throw new EwaldError('Load', `the GPU ${info.name} did not open: ${firstLine(cause)}`, { cause });
    }
  }

  /** Bytes of the buffers in use. */
  get liveBytes(): number {
    return this.#pool.liveBytes;
  }

  /** Bytes of buffers kept for reuse. */
  get idleBytes(): number {
    return this.#pool.idleBytes;
  }

  /** The error if the device was lost. */
  get lost(): EwaldError | undefined {
    return this.#lost;
  }

  /** A compiled kernel; compiled once per device. */
  async pipeline({ source, entry, constants = {} }: PipelineSource): Promise<GPUComputePipeline> {
    this.#assertUsable();
    const key = JSON.stringify([entry, constants, source]);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#guard(this.#compile(source, entry, constants));
      this.#pipelines.set(key, pipeline);
      pipeline.catch(() => this.#pipelines.delete(key));
    }
    return pipeline;
  }

  async #compile(
    source: string,
    entry: string,
    constants: Readonly<Record<string, number>>,
  ): Promise<GPUComputePipeline> {
    let module = this.#modules.get(source);
    if (!module) {
      module = compile(this.#raw, source);
      this.#modules.set(source, module);
      module.catch(() => this.#modules.delete(source));
    }
    try {
      return await this.#raw.createComputePipelineAsync({
        label: entry,
        layout: 'auto',
        compute: { module: await module, entryPoint: entry, constants },
      });
    } catch (cause) {
      if (cause instanceof EwaldError || this.#lost) throw cause;
      throw new EwaldError('Internal', `the kernel ${entry} was rejected by ${this.name}: ${firstLine(cause)}`, {
        cause,
      });
    }
  }

  /** Allocates device memory; throws `OutOfMemory`. Free it with `release`. */
  async buffer(bytes: number, kind: Usage, label?: string): Promise<GpuBuffer> {
    this.#assertUsable();
    const names = [
      'maxBufferSize',
      ...(kind === 'storage'
        ? ['maxStorageBufferBindingSize']
        : kind === 'uniform'
          ? ['maxUniformBufferBindingSize']
          : []),
    ];
    for (const name of names) {
      const limit = this.limits[name] ?? Number.POSITIVE_INFINITY;
      if (bytes > limit) throw outOfMemory(bytes, name, limit, this);
    }
    const failed = await this.#allocate(bytes, kind, label);
    if ('raw' in failed) return failed;
    // Freeing the buffers kept for reuse may be enough.
    this.trim();
    const again = await this.#allocate(bytes, kind, label);
    if ('raw' in again) return again;
    if (again.type === 'validation') throw deviceError(again.error, `a buffer of ${bytes} bytes`);
    throw outOfMemory(bytes, 'maxBufferSize', this.limits.maxBufferSize ?? 0, this, again.error);
  }

  /** Allocates several buffers, or none if one fails. */
  async buffers<const T extends readonly BufferRequest[]>(
    ...requests: T
  ): Promise<{ -readonly [K in keyof T]: GpuBuffer }> {
    const made: GpuBuffer[] = [];
    try {
      for (const { bytes, usage, label } of requests) made.push(await this.buffer(bytes, usage, label));
      return made as { -readonly [K in keyof T]: GpuBuffer };
    } catch (error) {
      for (const buffer of made) buffer.release();
      throw error;
    }
  }

  async #allocate(
    bytes: number,
    kind: Usage,
    label: string | undefined,
  ): Promise<GpuBuffer | { type: 'memory' | 'validation'; error: GPUError }> {
    this.#raw.pushErrorScope('validation');
    this.#raw.pushErrorScope('out-of-memory');
    let buffer: GpuBuffer | undefined;
    let memory: Promise<GPUError | null>;
    let validation: Promise<GPUError | null>;
    try {
      buffer = this.#pool.take(bytes, kind, label);
    } finally {
      memory = this.#raw.popErrorScope();
      validation = this.#raw.popErrorScope();
    }
    const [oom, invalid] = await this.#guard(Promise.all([memory, validation])).catch((error) => {
      buffer.release('broken');
      throw error;
    });
    const error = oom ?? invalid;
    if (!error) return buffer;
    buffer.release('broken');
    return { type: oom ? 'memory' : 'validation', error };
  }

  /**
   * A part of a buffer of the caller's, without a copy; releasing it leaves it alone. Throws `Argument` for a buffer of
   * another device or without the usage, `Shape` for a part that is not aligned or beyond its end, `Disposed`.
   */
  async foreign(given: object, bytes: number, offset: number): Promise<GpuBuffer> {
    this.#assertUsable();
    const raw = checkForeign(given, bytes, offset, this.limits.minStorageBufferOffsetAlignment ?? 256);
    if (!this.isBorrowed)
      throw new EwaldError(
        'Argument',
        'array: a GPUBuffer is of the device that made it; create the context on that: ' +
          'createContext({ webgpu: { device } })',
      );
    const buffer: GpuBuffer = { raw, bytes, offset, usage: 'storage', release: () => undefined };
    const error = await this.#guard(this.#probe(buffer)).catch((caught: unknown) => {
      // What is no GPUBuffer, or one of another binding, throws at once.
      if (caught instanceof EwaldError) throw caught;
      return caught;
    });
    if (!error) return buffer;
    const line = firstLine(error);
    if (/destroyed/i.test(line))
      throw new EwaldError('Disposed', `array: the GPUBuffer was destroyed; make a new one (${line})`, {
        cause: error,
      });
    throw new EwaldError(
      'Argument',
      `array: the GPUBuffer cannot be used on the context's device: ${line}; make it by the device of the context`,
      { cause: error },
    );
  }

  /** What the device says against a buffer: it is bound and copied from or to, without a byte. */
  async #probe(buffer: GpuBuffer): Promise<GPUError | null> {
    const device = this.#raw;
    const scratch = this.#pool.take(4, 'storage', 'probe');
    device.pushErrorScope('validation');
    let refused: Promise<GPUError | null>;
    try {
      const layout = device.createBindGroupLayout({
        entries: [{ binding: 0, visibility: 0x4, buffer: { type: 'storage' } }],
      });
      const resource = { buffer: buffer.raw, offset: buffer.offset ?? 0, size: buffer.bytes };
      device.createBindGroup({ layout, entries: [{ binding: 0, resource }] });
      const encoder = device.createCommandEncoder();
      if (buffer.raw.usage & copySource) encoder.copyBufferToBuffer(buffer.raw, 0, scratch.raw, 0, 0);
      else if (buffer.raw.usage & copyTarget) encoder.copyBufferToBuffer(scratch.raw, 0, buffer.raw, 0, 0);
      device.queue.submit([encoder.finish()]);
    } finally {
      scratch.release();
      refused = device.popErrorScope();
      refused.catch(() => undefined);
    }
    return refused;
  }

  /** Group 0 of a pipeline: bindings 0, 1, … in order. Created once per plan, not once per run. */
  bind(pipeline: GPUComputePipeline, bindings: readonly Binding[]): GPUBindGroup {
    const entries = bindings.map((binding, index) => {
      const { buffer, offset, bytes } =
        'raw' in binding ? { buffer: binding, offset: 0, bytes: binding.bytes } : binding;
      return { binding: index, resource: { buffer: buffer.raw, offset: offset + (buffer.offset ?? 0), size: bytes } };
    });
    return this.#raw.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  }

  /** Like `bind`, but a refusal throws here instead of at the next request for a result. */
  async bindChecked(pipeline: GPUComputePipeline, bindings: readonly Binding[]): Promise<GPUBindGroup> {
    this.#raw.pushErrorScope('validation');
    let refused: Promise<GPUError | null>;
    let group: GPUBindGroup;
    try {
      group = this.bind(pipeline, bindings);
    } finally {
      refused = this.#raw.popErrorScope();
    }
    const error = await this.#guard(refused);
    if (error) throw deviceError(error, 'the bindings of a kernel');
    return group;
  }

  /** Copies host data to the device before every following submission. The data may be changed immediately. */
  write(buffer: GpuBuffer, data: ArrayBufferView, offset = 0): void {
    this.#assertUsable();
    if (offset % 4 !== 0 || data.byteLength % 4 !== 0 || offset + data.byteLength > buffer.bytes) {
      throw new EwaldError(
        'Internal',
        `a write of ${data.byteLength} bytes at ${offset} does not fit a buffer of ${buffer.bytes}`,
      );
    }
    if (this.isBorrowed) this.#watched(() => this.#write(buffer, data, offset));
    else this.#write(buffer, data, offset);
  }

  /** Keeps an error for the next request for a result, which on a device of the caller's no handler of ours sees. */
  #watched(work: () => void): void {
    this.#raw.pushErrorScope('validation');
    try {
      work();
    } finally {
      const scope = this.#raw.popErrorScope();
      this.#pending = Promise.all([this.#pending, scope]).then(
        ([, error]) => {
          if (error) this.#fault ??= deviceError(error, 'a write');
        },
        () => undefined,
      );
    }
  }

  #write(buffer: GpuBuffer, data: ArrayBufferView, given: number): void {
    const offset = given + (buffer.offset ?? 0);
    const whole = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const done = whole.length < minUpload ? 0 : this.#uploads.copy(buffer.raw, offset, whole);
    if (done === whole.length) return;
    const rest = whole.subarray(done);
    const shared = typeof SharedArrayBuffer !== 'undefined' && rest.buffer instanceof SharedArrayBuffer;
    // Dawn's Node binding refuses shared memory.
    this.#raw.queue.writeBuffer(buffer.raw, offset + done, shared ? rest.slice() : (rest as Uint8Array<ArrayBuffer>));
  }

  /**
   * Submits what `record` records, immediately and in the order of the calls; resolves with the bytes of its reads.
   * Without reads it resolves when the commands are accepted; `sync` waits for the work itself. `take` receives the
   * mapped bytes in place, and nothing is copied.
   */
  run(record: (commands: Commands) => void, take: (reads: Uint8Array[]) => void): Promise<void>;
  run(record: (commands: Commands) => void): Promise<ArrayBuffer[]>;
  run(record: (commands: Commands) => void, take?: (reads: Uint8Array[]) => void): Promise<unknown> {
    const raw = this.#raw;
    let scopes: Promise<GPUError | null>[] = [];
    let reads: readonly RecordedRead[] = [];
    try {
      this.#assertUsable();
      raw.pushErrorScope('validation');
      raw.pushErrorScope('out-of-memory');
      try {
        const clock = passClock(raw, this.features);
        const commands = new Commands(raw.createCommandEncoder(), this.#pool, clock);
        reads = commands.reads;
        record(commands);
        raw.queue.submit([commands.finish()]);
        clock?.collect();
      } finally {
        scopes = [raw.popErrorScope(), raw.popErrorScope()];
      }
    } catch (error) {
      for (const scope of scopes) scope.catch(() => undefined);
      for (const { staging, pooled } of reads) if (pooled) staging.release('broken');
      return Promise.reject(error);
    }
    if (!take) return this.#guard(this.#finish(scopes, reads));
    // Errors of the caller's own callback are passed on unchanged.
    let failed: { readonly error: unknown } | undefined;
    const taking = (shown: Uint8Array[]): void => {
      try {
        take(shown);
      } catch (error) {
        failed = { error };
      }
    };
    return this.#guard(this.#finish(scopes, reads, taking)).then(() => {
      if (failed) throw failed.error;
    });
  }

  /** Records commands into an encoder of the caller's, who submits them. */
  encode(encoder: GPUCommandEncoder, record: (commands: Commands) => void): void {
    this.#assertUsable();
    const commands = new Commands(encoder, this.#pool);
    record(commands);
    commands.end();
  }

  async #finish(
    scopes: readonly Promise<GPUError | null>[],
    reads: readonly RecordedRead[],
    take?: (reads: Uint8Array[]) => void,
  ): Promise<ArrayBuffer[]> {
    // Maps are requested immediately, so that they are queued right after the submission.
    const mapped = reads.map(({ staging }) => staging.raw.mapAsync(0x1, 0, staging.bytes));
    let broken: 'broken' | undefined = 'broken';
    try {
      const [checked, arrived] = await Promise.all([Promise.all(scopes), Promise.allSettled(mapped)]);
      await this.#pending;
      const error = checked.find((found) => found !== null);
      if (error) throw deviceError(error, 'a submission');
      this.#throwFault();
      for (const result of arrived) if (result.status === 'rejected') throw result.reason;
      const shown = reads.map(
        ({ staging, bytes }) => new Uint8Array(staging.raw.getMappedRange(0, staging.bytes), 0, bytes),
      );
      const answers = take ? [] : shown.map((bytes) => bytes.slice().buffer);
      take?.(shown);
      for (const { staging } of reads) staging.raw.unmap();
      broken = undefined;
      return answers;
    } finally {
      for (const { staging, pooled } of reads) {
        if (broken && staging.raw.mapState === 'mapped') staging.raw.unmap();
        if (pooled) staging.release(broken);
      }
    }
  }

  /** Copies bytes of a buffer to the host, after everything submitted so far. */
  async read(buffer: GpuBuffer, offset: number = 0, bytes: number = buffer.bytes - offset): Promise<ArrayBuffer> {
    const [answer] = await this.run((commands) => commands.read(buffer, offset, bytes));
    return answer ?? new ArrayBuffer(0);
  }

  /** Resolves when everything submitted so far is done; throws errors that occurred outside any submission. */
  async sync(): Promise<void> {
    this.#assertUsable();
    await this.#guard(this.#raw.queue.onSubmittedWorkDone());
    await this.#pending;
    this.#throwFault();
  }

  /** Frees buffers that are kept for reuse. */
  trim(): void {
    this.#uploads.trim();
    this.#pool.trim();
  }

  /** Waits until the device is idle, then frees everything; a second call does nothing. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#release();
    return this.#disposal;
  }

  async #release(): Promise<void> {
    if (!this.#lost) await this.#raw.queue.onSubmittedWorkDone().catch(() => undefined);
    this.#uploads.trim();
    this.#pool.close();
    this.#pipelines.clear();
    this.#modules.clear();
    if (this.isBorrowed) return;
    this.#raw.onuncapturederror = null;
    this.#raw.destroy();
  }

  #assertUsable(): void {
    if (this.#disposal)
      throw new EwaldError('Disposed', `the GPU device ${this.name} was disposed; create a new context`);
    if (this.#lost) throw this.#lost;
  }

  #throwFault(): void {
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault) throw fault;
  }

  /** The result of `work`, or the loss of the device if that happens first. */
  #guard<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#inFlight.add(reject);
      work
        .then(
          (value) => (this.#lost ? reject(this.#lost) : resolve(value)),
          async (error) => reject(await this.#explain(error)),
        )
        .finally(() => this.#inFlight.delete(reject));
    });
  }

  // Maps of a lost device may be rejected before the loss itself is reported: wait a moment for it.
  async #explain(error: unknown): Promise<unknown> {
    if (error instanceof EwaldError) return error;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([this.#lossSettled, new Promise((wake) => (timer = setTimeout(wake, 250)))]);
    clearTimeout(timer);
    return (
      this.#lost ??
      new EwaldError('Internal', `the GPU device ${this.name} failed: ${firstLine(error)}`, { cause: error })
    );
  }
}

/** The bits of `GPUBufferUsage`; the values are the specification's, so that no global is needed. */
export const [copySource, copyTarget, storageUse] = [0x04, 0x08, 0x80];

/** A buffer of the caller's, by what it says of itself. Throws `Argument`, `Shape`. */
function checkForeign(given: object, bytes: number, offset: number, alignment: number): GPUBuffer {
  const raw = given as GPUBuffer;
  if (typeof raw.size !== 'number' || typeof raw.usage !== 'number' || typeof raw.mapAsync !== 'function')
    throw new EwaldError('Argument', 'array: buffer is not a GPUBuffer; expected one of the device of the context');
  if (!(raw.usage & storageUse))
    throw new EwaldError(
      'Argument',
      `array: the GPUBuffer has the usage 0x${raw.usage.toString(16)}, without GPUBufferUsage.STORAGE, which kernels need`,
    );
  if (raw.mapState !== undefined && raw.mapState !== 'unmapped')
    throw new EwaldError('Argument', `array: the GPUBuffer is ${raw.mapState} for mapping; call its unmap() first`);
  if (offset % alignment !== 0)
    throw new EwaldError(
      'Shape',
      `array: offset ${offset} is not a multiple of ${alignment}, minStorageBufferOffsetAlignment of the device`,
    );
  if (bytes % 4 !== 0)
    throw new EwaldError('Shape', `array: ${bytes} bytes of a GPUBuffer; kernels bind multiples of 4 bytes`);
  if (offset + bytes > raw.size)
    throw new EwaldError(
      'Shape',
      `array: ${bytes} bytes from byte ${offset} on do not fit in the GPUBuffer, which has ${raw.size}`,
    );
  return raw;
}

function firstLine(error: unknown): string {
  const line = messageOf(error).split('\n')[0] ?? '';
  return line || (error instanceof Error ? error.name : 'no reason given');
}

const deviceLost = (name: string, why: string, isBorrowed: boolean, detail: Record<string, unknown>): EwaldError =>
  new EwaldError(
    'DeviceLost',
    `the GPU device ${name} was lost (${why || 'no reason given'}); dispose this context and create a new one` +
      (isBorrowed ? ' on another device' : ''),
    { detail },
  );

function outOfMemory(
  bytes: number,
  name: string,
  limit: number,
  { name: device, liveBytes }: GpuDevice,
  cause?: unknown,
): EwaldError {
  return new EwaldError(
    'OutOfMemory',
    `the GPU ${device} cannot provide a buffer of ${bytes} bytes: ${name} is ${limit}, this context ` +
      `holds ${liveBytes}; use a smaller batch or shape`,
    { cause, detail: { asked: bytes, limit, limitName: name, liveBytes } },
  );
}

function deviceError(error: GPUError, what: string): EwaldError {
  const memory = error.constructor.name === 'GPUOutOfMemoryError';
  if (/destroyed/i.test(error.message))
    return new EwaldError(
      'Disposed',
      `a GPUBuffer was destroyed before the work on it was done: ${firstLine(error)}; keep it until its array is disposed`,
      { cause: error },
    );
  return new EwaldError(memory ? 'OutOfMemory' : 'Internal', `the GPU rejected ${what}: ${firstLine(error)}`, {
    cause: error,
  });
}

/** The kernels of this backend work with its device. */
declare module '../feature.js' {
  interface Hosts {
    readonly webgpu: GpuDevice;
  }
}
