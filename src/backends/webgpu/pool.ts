/** Buffers that are used again: allocation on a device is slow, and sizes of plans repeat. */

/** Buffer usages; the numbers are the specification's, so that no global is needed. */
export const usage = {
  /** Kernels read and write it; copied to and from. */
  storage: 0x80 | 0x08 | 0x04,
  /** How many workgroups a dispatch has; kernels and the host write it. */
  indirect: 0x100 | 0x80 | 0x08 | 0x04,
  /** Small parameters; written by the host. */
  uniform: 0x40 | 0x08,
  /** Where results land for the host to map. */
  staging: 0x01 | 0x08,
} as const;
export type Usage = keyof typeof usage;

/** A buffer in use. Its contents are undefined at first: a used one is not cleared. */
export interface GpuBuffer {
  readonly raw: GPUBuffer;
  /** What was asked, rounded up to 4; bindings span this much, so arrayLength() in a shader is what the host meant. */
  readonly bytes: number;
  readonly usage: Usage;
  /** Gives it back; a second call does nothing. `broken` keeps it out of the pool. */
  release(broken?: 'broken'): void;
}

/** Sizes rounded up to a quarter of a power of two: at most a quarter is lost, and neighbours share a class. */
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

  /** Bytes of the buffers in use, as rounded. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Bytes kept for the next request. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** A buffer; errors go to the error scopes of the caller. */
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

  /** Destroys idle buffers, oldest first, until at most `keep` bytes of them are left. */
  trim(keep = 0): void {
    for (const entry of this.#idle) {
      if (this.#idleBytes <= keep) return;
      this.#idle.delete(entry);
      this.#idleBytes -= entry.held;
      entry.raw.destroy();
    }
  }

  /** Destroys everything, also what nobody gave back. */
  close(): void {
    this.#closed = true;
    this.trim();
    for (const raw of this.#used) raw.destroy();
    this.#used.clear();
    this.#liveBytes = 0;
  }
}
