/** Transforms on wasm: the arrays are copied into the heap, transformed there and copied out; see cpp/fft. */
import { enums, fftDescriptor } from '../../layout/layout.js';
import { pack, sizeOf } from '../../layout/struct.js';
import type { FftDescriptor, FftKernel } from '../backend.js';
import type { Core } from './heap.js';
import { Staging } from './staging.js';

/** Plans a transform and the staging memory of both sides. */
export function planFft(core: Core, descriptor: FftDescriptor): FftKernel {
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
    const fields = { ...descriptor.fields, threads: 1, flags: Number(descriptor.fields.flags) & ~enums.FftFlag.userWorkspace };
    core.write(described, pack(fftDescriptor, fields));
    core.check('ewald_fft_create', described, scratch);
    const words = new Uint32Array(3);
    core.read(scratch, words);
    handle = words[0] ?? 0;
    core.check('ewald_fft_sizes', handle, scratch, scratch + 4, scratch + 8);
    core.read(scratch, words);
    const first = staging.place(inPlace ? Math.max(inputBytes, outputBytes) : inputBytes);
    const second = inPlace ? first : staging.place(outputBytes);
    return {
      bytes: core.liveBytes - before,
      workspaceElements: userWorkspace ? (words[2] ?? 0) : 0,
      async execute(direction, input, output, scale) {
        const forward = direction === 'forward';
        const [from, to] = forward ? [first, second] : [second, first];
        const [readBytes, writtenBytes] = forward ? [inputBytes, outputBytes] : [outputBytes, inputBytes];
        core.write(from, new Uint8Array(input.buffer, input.byteOffset, readBytes));
        // Places between strided elements belong to the caller and must come back as they were.
        if (descriptor.strided && !inPlace) core.write(to, new Uint8Array(output.buffer, output.byteOffset, writtenBytes));
        core.check('ewald_fft_execute', handle, enums.FftDirection[direction], from, to, 0, enums.FftScale[scale]);
        core.read(to, new Uint8Array(output.buffer, output.byteOffset, writtenBytes));
      },
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
