/**
 * Transforms on wasm: typed arrays are copied into the heap and out of it, arrays of the heap are used where they are;
 * see cpp/fft.
 */
import type { FftDescriptor, FftKernel, FftOp, FftSide } from '../../fft/contract.js';
import { enums, fftDescriptor } from '../../layout/layout.js';
import { pack, sizeOf } from '../../layout/struct.js';
import { coreVariants } from '../fft-radices.js';
import { HeapArray } from './array.js';
import type { Core } from './heap.js';
import type { WasmHost } from './host.js';
import { Staging } from './staging.js';

/** The fft room of a core. */
export const fftOp = ({ core }: WasmHost): FftOp => ({
  supports: () => true,
  plan: async (descriptor) => planFft(core, descriptor),
  variants: (descriptor) => coreVariants(descriptor, 4, 1),
});

/** Plans a transform and the staging memory of both sides. */
function planFft(core: Core, descriptor: FftDescriptor): FftKernel {
  const { inPlace, precision, inputElements, outputElements, inputComplex, outputComplex, userWorkspace } = descriptor;
  const number = precision === 'f32' ? 4 : 8;
  const inputBytes = inputElements * number * (inputComplex ? 2 : 1);
  const outputBytes = outputElements * number * (outputComplex ? 2 : 1);
  const before = core.liveBytes;
  const staging = new Staging(core);
  let handle = 0;
  try {
    const described = staging.place(sizeOf(fftDescriptor));
    const scratch = staging.place(12);
    // The plan holds the workspace here: a user's would have to be copied, and its content says nothing.
    const fields = {
      ...descriptor.fields,
      threads: 1,
      flags: Number(descriptor.fields.flags) & ~enums.FftFlag.userWorkspace,
    };
    core.write(described, pack(fftDescriptor, fields));
    core.check('ewald_fft_create', described, scratch);
    const words = new Uint32Array(3);
    core.read(scratch, words);
    handle = words[0] ?? 0;
    core.check('ewald_fft_sizes', handle, scratch, scratch + 4, scratch + 8);
    core.read(scratch, words);
    const first = staging.place(inPlace ? Math.max(inputBytes, outputBytes) : inputBytes);
    const second = inPlace ? first : staging.place(outputBytes);
    const run = async (
      direction: 'forward' | 'backward',
      input: FftSide,
      output: FftSide,
      scale: 'none' | 'full' | 'symmetric',
    ): Promise<void> => {
      const forward = direction === 'forward';
      const [readBytes, writtenBytes] = forward ? [inputBytes, outputBytes] : [outputBytes, inputBytes];
      let [from, to] = forward ? [first, second] : [second, first];
      if (input instanceof HeapArray) from = input.address;
      else core.write(from, bytesOf(input as Numbers, readBytes));
      if (output instanceof HeapArray) to = output.address;
      // Places between strided elements belong to the caller and must come back as they were.
      else if (descriptor.strided && !inPlace) core.write(to, bytesOf(output as Numbers, writtenBytes));
      core.check('ewald_fft_execute', handle, enums.FftDirection[direction], from, to, 0, enums.FftScale[scale]);
      if (!(output instanceof HeapArray)) core.read(to, bytesOf(output as Numbers, writtenBytes));
    };
    return {
      bytes: core.liveBytes - before,
      workspaceElements: userWorkspace ? (words[2] ?? 0) : 0,
      prunes: true,
      execute: run,
      executeOn: run,
      async dispose() {
        core.call('ewald_fft_destroy', handle);
        staging.release();
      },
    };
  } catch (error) {
    // A plan that was made before its staging memory could not be had must not stay.
    if (handle !== 0) core.call('ewald_fft_destroy', handle);
    staging.release();
    throw error;
  }
}

type Numbers = Float32Array | Float64Array;
const bytesOf = (numbers: Numbers, bytes: number): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, bytes);
