/** A pool of reusable buffers: allocation on a device is slow, and the sizes of plans repeat. */

/** Buffer usages; the values are the specification's, so that no global is needed. */
export const usage = {
  /** Read and written by kernels; copied to and from. */
  storage: 0x80 | 0x08 | 0x04,
  /** Small parameters; written by the host. */
  uniform: 0x40 | 0x08,
  /** Results that the host maps. */
  staging: 0x01 | 0x08,
} as const;
export type Usage = keyof typeof usage;

/** A buffer in use. Its initial contents are undefined: a reused buffer is not cleared. */
export interface GpuBuffer {
  readonly raw: GPUBuffer;
  /**
   * The requested size, rounded up to 4; bindings span this many bytes, so arrayLength() in a shader is as intended.
   */
  readonly bytes: number;
  readonly usage: Usage;
  /** Where it begins in `raw`, of a part of a buffer of the caller's; default 0. */
  readonly offset?: number;
  /** Releases the buffer; a second call does nothing. `broken` keeps it out of the pool. */
  release(broken?: 'broken'): void;
}

/**
 * Sizes are rounded up to a quarter of a power of two: at most a quarter is wasted, and similar sizes share a class.
 */
export function sizeClass(bytes: number, limit: number): number {
  const exact = Math.max(256, Math.ceil(bytes / 4) * 4);
  const step = Math.max(64, 2 ** (Math.ceil(Math.log2(exact)) - 3));
  const rounded = Math.ceil(exact / step) * step;
  return rounded <= limit ? rounded : exact;
}

/** The buffers of one device. */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #idleLimit: number;
  /** Idle buffers by usage and size, oldest first. */
  readonly #idle = new Set<{ readonly key: string; readonly raw: GPUBuffer; readonly held: number }>();
  readonly #used = new Set<GPUBuffer>();
  #closed = false;
  #liveBytes = 0;
  #idleBytes = 0;

  constructor(device: GPUDevice, idleLimit: number = 64 * 2 ** 20) {
    this.#device = device;
    this.#idleLimit = idleLimit;
  }

  /** Bytes of the buffers in use, after rounding. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Bytes kept for reuse. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** A buffer; errors are caught by the caller's error scopes. */
  take(bytes: number, kind: Usage, label?: string): GpuBuffer {
    const held = sizeClass(bytes, this.#device.limits.maxBufferSize);
    const key = `${kind} ${held}`;
    const old = [...this.#idle].find((entry) => entry.key === key);
    if (old) {
      this.#idle.delete(old);
      this.#idleBytes -= held;
    }
    const raw =
      old?.raw ??
      this.#device.createBuffer({ size: held, usage: usage[kind], ...(label === undefined ? {} : { label }) });
    this.#used.add(raw);
    this.#liveBytes += held;
    return {
      raw,
      bytes: Math.max(4, Math.ceil(bytes / 4) * 4),
      usage: kind,
      release: (broken) => {
        if (!this.#used.delete(raw)) return;
        this.#liveBytes -= held;
        if (broken || this.#closed) return raw.destroy();
        this.#idle.add({ key, raw, held });
        this.#idleBytes += held;
        this.trim(this.#idleLimit);
      },
    };
  }

  /** Destroys idle buffers, oldest first, until at most `keep` bytes remain. */
  trim(keep = 0): void {
    for (const entry of this.#idle) {
      if (this.#idleBytes <= keep) return;
      this.#idle.delete(entry);
      this.#idleBytes -= entry.held;
      entry.raw.destroy();
    }
  }

  /** Destroys all buffers, including those still in use. */
  close(): void {
    this.#closed = true;
    this.trim();
    for (const raw of this.#used) raw.destroy();
    this.#used.clear();
    this.#liveBytes = 0;
  }
}
