/**
 * The transforms of the page: an image is transformed to its half spectrum once, and back for every change of the
 * filter.
 */

import { type BackendName, createContext, type FftContext, type FftPlan } from '../../../entries/fft.js';
import { breathe } from '../../../entries/pages.js';

/** An image as numbers 0 … 255, one array per channel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: readonly Float32Array[];
}

/** A context with one plan, which is for images of one size at a time. */
export class Engine {
  readonly backend: BackendName;
  readonly device: string;
  /** Half spectra of the channels: height × (width/2 + 1) complex numbers each. */
  spectra: Float32Array[] = [];
  readonly #context: FftContext;
  #plan: FftPlan | undefined;
  #product = new Float32Array(0);

  private constructor(context: FftContext) {
    const [first] = context.backends;
    this.#context = context;
    this.backend = first?.name ?? 'wasm';
    this.device = first?.device.name ?? '';
  }

  /** Opens only the named backend, or the best one available. */
  static async open(backend: BackendName | undefined): Promise<Engine> {
    return new Engine(await createContext(backend ? { backend, strict: true } : {}));
  }

  /** Transforms every channel; returns the milliseconds taken per channel. */
  async load({ width, height, channels }: Picture): Promise<number> {
    if (this.#plan?.shape.join() !== `${height},${width}`) {
      await this.#plan?.dispose();
      this.#plan = undefined;
      this.#plan = await this.#context.fft({ shape: [height, width], kind: 'r2c' });
    }
    const plan = this.#plan;
    this.spectra = [];
    let ms = 0;
    for (const channel of channels) {
      const started = performance.now();
      this.spectra.push((await plan.forward(channel)) as Float32Array);
      ms += performance.now() - started;
      await breathe();
    }
    return ms / channels.length;
  }

  /** Multiplies the spectra by a mask and transforms back into `onto`; returns the milliseconds taken per transform. */
  async filter(mask: Float32Array, onto: readonly Float32Array[]): Promise<number> {
    const plan = this.#plan;
    if (!plan) throw new Error('there is no image yet');
    if (this.#product.length !== 2 * mask.length) this.#product = new Float32Array(2 * mask.length);
    const product = this.#product;
    let ms = 0;
    for (const [c, spectrum] of this.spectra.entries()) {
      for (let i = 0; i < mask.length; i++) {
        product[2 * i] = (spectrum[2 * i] as number) * (mask[i] as number);
        product[2 * i + 1] = (spectrum[2 * i + 1] as number) * (mask[i] as number);
      }
      const started = performance.now();
      await plan.backward(product, onto[c], { scale: 'full' });
      ms += performance.now() - started;
      if (c + 1 < this.spectra.length) await breathe();
    }
    return ms / this.spectra.length;
  }

  /** Sum of the channels' squared magnitudes in each bin. */
  power(): Float32Array {
    const out = new Float32Array((this.spectra[0]?.length ?? 0) / 2);
    for (const spectrum of this.spectra)
      for (let i = 0; i < out.length; i++)
        out[i] = (out[i] as number) + (spectrum[2 * i] as number) ** 2 + (spectrum[2 * i + 1] as number) ** 2;
    return out;
  }

  async dispose(): Promise<void> {
    await this.#context.dispose();
  }
}
