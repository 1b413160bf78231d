/** A problem planned on a backend, with guard words around and between what it writes. */
import type { Context } from '../../../context.js';
import type { FftArray } from '../../../fft/fft.js';
import { runOnDevice } from './on-device.js';
import { places } from './places.js';
import type { Problem } from './problem.js';

const guard = -1.5e30;

export interface Output {
  readonly values: Float64Array;
  /** Words written that no element of the output lies at, and input words that changed. */
  readonly strays: number;
}

/** Plans a problem on the context. */
export async function plan(context: Context, p: Problem) {
  const fft = await context.fft(p.options);
  const ArrayType = fft.precision === 'f64' ? Float64Array : Float32Array;
  const [inputPlaces, outputPlaces] = [places(p, 'input'), places(p, 'output')];
  const [inputWidth, outputWidth] = [p.inputComplex ? 2 : 1, p.outputComplex ? 2 : 1];
  const forward = p.direction === 'forward';
  const [inputLength, outputLength] = forward ? [fft.inputLength, fft.outputLength] : [fft.outputLength, fft.inputLength];
  const spread = (length: number): FftArray => {
    const array = new ArrayType(length);
    inputPlaces.forEach((place, i) => {
      for (let part = 0; part < inputWidth; part++) array[place * inputWidth + part] = p.input[i * inputWidth + part] as number;
    });
    return array;
  };
  return {
    backend: fft.backend,
    async run(): Promise<Output> {
      const input = spread(inputLength);
      const before = p.options.inPlace ? undefined : input.slice();
      // Sixteen guard words on each side of the output, and between strided elements.
      const memory = new ArrayType(outputLength + 32).fill(guard);
      const output = p.options.inPlace ? input : memory.subarray(16, 16 + outputLength);
      const workspace = p.options.userWorkspace ? new ArrayType(2 * fft.sizeWorkspace) : undefined;
      const options = { scale: p.scale, ...(workspace ? { workspace } : {}) };
      if (p.arrays) await runOnDevice(fft, p, input, output, options);
      else await fft[p.direction](input, p.options.inPlace ? undefined : output, options);
      const values = new Float64Array(outputPlaces.length * outputWidth);
      const touched = new Set<number>();
      outputPlaces.forEach((place, i) => {
        for (let part = 0; part < outputWidth; part++) {
          values[i * outputWidth + part] = output[place * outputWidth + part] as number;
          touched.add(16 + place * outputWidth + part);
        }
      });
      let strays = 0;
      if (!p.options.inPlace) {
        const untouched = ArrayType.of(guard)[0];
        memory.forEach((x, i) => {
          if (!touched.has(i) && x !== untouched) strays++;
        });
        before?.forEach((x, i) => {
          if (x !== input[i]) strays++;
        });
      }
      return { values, strays };
    },
    dispose: () => fft.dispose(),
  };
}
