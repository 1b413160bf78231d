/** Raw words of a JUNGFRAU as it would write them, and the files of its constants. */
import { writeFileSync } from 'node:fs';
import type { FrameArray } from '../../src/bytes/dtype.js';
import { Hdf5Writer, type WriteNode } from '../../src/hdf5/writer.js';
import { codecsHere } from '../frames/hdf5-support.js';
import { seeded } from '../pipeline/hits-support.js';

/** Writes a tree as an HDF5 file. */
export async function writeTree(file: string, tree: Readonly<Record<string, WriteNode>>): Promise<void> {
  const parts: Uint8Array[] = [];
  let head = new Uint8Array();
  const codecs = await codecsHere();
  const writer = await Hdf5Writer.create(
    {
      append: async (bytes) => void parts.push(bytes.slice()),
      patch: async (_, bytes) => {
        head = bytes.slice();
      },
    },
    codecs,
  );
  await writer.finish(tree, {});
  await codecs.dispose();
  const bytes = Buffer.concat(parts);
  bytes.set(head);
  writeFileSync(file, bytes);
}

/** A JUNGFRAU of `sig` pixels: gains in ADU per keV and pedestals in ADU, by stage, as detectors have them. */
export class Jungfrau {
  readonly n: number;
  readonly gains: Float32Array;
  readonly pedestals: Float32Array;
  readonly #random: () => number;

  constructor(
    readonly sig: readonly number[],
    readonly energyEv: number,
    seed = 1,
  ) {
    this.n = sig.reduce((a, b) => a * b, 1);
    this.#random = seeded(seed);
    const like = (means: readonly number[], spread: (mean: number) => number): Float32Array =>
      Float32Array.from({ length: 4 * this.n }, (_, i) => {
        const mean = means[Math.floor(i / this.n)] as number;
        return mean + spread(mean) * this.normal();
      });
    this.gains = like([41, -1.44, -0.11, 80], (mean) => Math.abs(mean) * 0.03);
    this.pedestals = like([2600, 14600, 14700, 2600], () => 200);
  }

  uniform(): number {
    return this.#random();
  }

  normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.#random();
    return sum;
  }

  /** Words of photons, which need not be whole, with the noise of each stage. */
  words(photons: ArrayLike<number>, noise: readonly number[] = [8, 2, 2]): Uint16Array {
    const keV = this.energyEv / 1000;
    return Uint16Array.from(photons, (value, i) => {
      let [stage, adc] = [0, 0];
      for (stage = 0; stage < 3; stage++) {
        const at = stage * this.n + i;
        adc =
          (this.pedestals[at] as number) +
          (this.gains[at] as number) * value * keV +
          (noise[stage] as number) * this.normal();
        if (stage === 2 || (stage === 0 ? adc < 14500 : adc > 900)) break;
      }
      return ((stage === 2 ? 3 : stage) << 14) | Math.min(0x3fff, Math.max(0, Math.round(adc)));
    });
  }

  /** What the constants are of a file with other ones. */
  async write(
    [gains, pedestals]: readonly [string, string],
    {
      sig = this.sig,
      of = 4,
      pedestal = this.pedestals,
    }: { readonly sig?: readonly number[]; readonly of?: number; readonly pedestal?: Float32Array } = {},
  ): Promise<string> {
    const n = sig.reduce((a, b) => a * b, 1);
    const cut = (values: Float32Array): FrameArray => values.slice(0, of * n);
    await writeTree(gains, { gains: { value: cut(this.gains), shape: [of, ...sig] } });
    await writeTree(pedestals, {
      gains: { value: cut(pedestal), shape: [of, ...sig] },
      pixel_mask: { value: new Uint16Array(n).fill(1, 5, 6), shape: [...sig] },
    });
    return `${gains},${pedestals}`;
  }
}
