/** What one submission does, recorded in order: dispatches, copies, clears, reads. */
import { EwaldError } from '../../../util/errors.js';
import type { BufferPool, GpuBuffer } from './pool.js';
import type { PassClock } from './timestamps.js';

/** A place of a buffer, which may be a part of another one. */
const at = (buffer: GpuBuffer, offset: number): number => offset + (buffer.offset ?? 0);

/** A recorded read: its target and length. */
export interface RecordedRead {
  readonly staging: GpuBuffer;
  readonly bytes: number;
  /** Released to the pool afterwards; false for the caller's staging buffer. */
  readonly pooled: boolean;
}

/** Recorder of one submission. Consecutive dispatches share a pass; each sees the results of the previous ones. */
export class Commands {
  readonly #encoder: GPUCommandEncoder;
  readonly #pool: BufferPool;
  readonly #clock: PassClock | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #timed: GPUComputePipeline | undefined;
  readonly reads: RecordedRead[] = [];

  constructor(encoder: GPUCommandEncoder, pool: BufferPool, clock?: PassClock) {
    this.#encoder = encoder;
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Runs a kernel over x · y · z workgroups; `bindings` is group 0. */
  dispatch(pipeline: GPUComputePipeline, bindings: GPUBindGroup, x: number, y = 1, z = 1): void {
    this.#passOf(pipeline, bindings).dispatchWorkgroups(x, y, z);
  }

  /** Copies bytes between buffers; offsets and length are multiples of 4. */
  copy(from: GpuBuffer, to: GpuBuffer, bytes: number, fromOffset = 0, toOffset = 0): void {
    this.#outside().copyBufferToBuffer(from.raw, at(from, fromOffset), to.raw, at(to, toOffset), bytes);
  }

  /** Sets bytes to zero; offset and length are multiples of 4. */
  clear(buffer: GpuBuffer, offset = 0, bytes: number = buffer.bytes - offset): void {
    this.#outside().clearBuffer(buffer.raw, at(buffer, offset), bytes);
  }

  /**
   * Copies bytes back to the host; `run` resolves with them in the order of the calls. `staging` is a buffer of the
   * caller that no other read in flight uses (a run then allocates nothing); without it one comes from the pool.
   */
  read(buffer: GpuBuffer, offset: number, bytes: number, staging?: GpuBuffer): void {
    const aligned = Math.ceil(bytes / 4) * 4;
    if (offset % 4 !== 0 || offset + aligned > buffer.bytes || (staging && staging.bytes < aligned)) {
      throw new EwaldError(
        'Internal',
        `a read of ${bytes} bytes at ${offset} from a buffer of ${buffer.bytes} into ` +
          `${staging?.bytes ?? 'a new one'} does not fit`,
      );
    }
    const target = staging ?? this.#pool.take(aligned, 'staging', 'readback');
    this.reads.push({ staging: target, bytes, pooled: staging === undefined });
    this.#outside().copyBufferToBuffer(buffer.raw, at(buffer, offset), target.raw, 0, aligned);
  }

  /** Ends the last pass; the encoder takes further commands. */
  end(): void {
    this.#outside();
  }

  /** Ends the recording. */
  finish(): GPUCommandBuffer {
    const encoder = this.#outside();
    this.#clock?.resolve(encoder);
    return encoder.finish();
  }

  #passOf(pipeline: GPUComputePipeline, bindings: GPUBindGroup): GPUComputePassEncoder {
    if (this.#clock && this.#timed !== pipeline) {
      this.#outside();
      this.#timed = pipeline;
    }
    this.#pass ??= this.#encoder.beginComputePass(this.#clock?.pass(pipeline));
    this.#pass.setPipeline(pipeline);
    this.#pass.setBindGroup(0, bindings);
    return this.#pass;
  }

  #outside(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    return this.#encoder;
  }
}
