/** Runs a problem with one side or both in device arrays. */
import type { FftArray, FftPlan, FftRunOptions } from '../../../fft/fft.js';
import type { Problem } from './problem.js';

/**
 * Reads `input` and writes `output`; the numbers around the elements are copied to the device and back with them, so
 * that stray writes are detected.
 */
export async function runOnDevice(
  fft: FftPlan,
  p: Problem,
  input: FftArray,
  output: FftArray,
  options: FftRunOptions,
): Promise<void> {
  const { arrays, direction } = p;
  const { inPlace } = p.options;
  const forward = direction === 'forward';
  const from = await fft.array(forward ? 'input' : 'output');
  const to = await fft.array(forward ? 'output' : 'input');
  try {
    await from.write(input);
    await to.write(output);
    if (inPlace) await fft[direction](from, undefined, options);
    else if (arrays === 'input') await fft[direction](from, output, options);
    else if (arrays === 'output') await fft[direction](input, to, options);
    else await fft[direction](from, to, options);
    if (arrays === 'twice') await fft[direction](to, from, options);
    const result = inPlace || arrays === 'twice' ? from : to;
    if (arrays !== 'input') await result.read(output);
    // So that the guard can check that the input is unchanged.
    if (result !== from && arrays !== 'output') await from.read(input);
  } finally {
    await from.dispose();
    await to.dispose();
  }
}
