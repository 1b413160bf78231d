/**
 * Transforms on wasm: typed arrays are copied into the heap and out of it, arrays of the heap and the plan's own ones
 * are used where they are; see cpp/fft.
 */

import { HeapArray } from '../../compute/arrays/kernels/wasm.js';
import type { Core, HeapNumbers } from '../../compute/backends/wasm/heap.js';
import type { WasmHost } from '../../compute/backends/wasm/host.js';
import { planStaged, type Staging } from '../../compute/backends/wasm/staging.js';
import { fftDescriptor, fftEnums } from '../../compute/layout/fft.js';
import { pack } from '../../compute/layout/struct.js';
import type { FftDescriptor, FftKernel, FftNowArrays, FftOp, FftSide } from '../contract.js';

/** The fft room of a core. */
export const fftOp = ({ coreOf }: WasmHost): FftOp => ({
  supports: () => true,
  async plan(descriptor) {
    const core = await coreOf(descriptor.precision);
    return planStaged(core, (staging) => new WasmFft(core, staging, descriptor));
  },
});

type Direction = 'forward' | 'backward';
type Scale = 'none' | 'full' | 'symmetric';
type Numbers = Float32Array | Float64Array;

/** Where each side lies in the heap; in place both lie at the same address. */
interface Places {
  readonly input: number;
  readonly output: number;
}

/** A transform of the core with its staging memory. */
class WasmFft implements FftKernel {
  readonly prunes = true;
  readonly workspaceElements: number;
  readonly #core: Core;
  readonly #staging: Staging;
  readonly #descriptor: FftDescriptor;
  readonly #handle: number;
  #transform: (...values: number[]) => number;
  /** Numbers of each side; in place one array is both. */
  readonly #counts: Places;
  readonly #staged: Places;
  readonly #input: HeapNumbers;
  readonly #output: HeapNumbers;
  /** The arrays that callers fill themselves, made on first use. */
  #own: Places | undefined;
  #arrays: FftNowArrays | undefined;
  #bytes: number;

  constructor(core: Core, staging: Staging, descriptor: FftDescriptor) {
    const { inPlace, precision, inputElements, outputElements, inputComplex, outputComplex } = descriptor;
    [this.#core, this.#staging, this.#descriptor] = [core, staging, descriptor];
    // The plan allocates the workspace here: a user's workspace would have to be copied, and its content has no
    // meaning.
    const flags = Number(descriptor.fields.flags) & ~fftEnums.FftFlag.userWorkspace;
    this.#handle = staging.create('fft', pack(fftDescriptor, { ...descriptor.fields, threads: 1, flags }));
    this.workspaceElements = descriptor.userWorkspace ? this.#workspaceOf(staging.place(12)) : 0;
    const [input, output] = [inputElements * (inputComplex ? 2 : 1), outputElements * (outputComplex ? 2 : 1)];
    this.#counts = { input: inPlace ? Math.max(input, output) : input, output };
    this.#staged = this.#place();
    this.#input = core.numbers(this.#staged.input, input, precision);
    this.#output = core.numbers(this.#staged.output, output, precision);
    this.#transform = core.entry('ewald_fft_execute');
    this.#bytes = staging.bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async execute(direction: Direction, input: FftSide, output: FftSide, scale: Scale): Promise<void> {
    this.executeNow(direction, input, output, scale);
  }

  executeOn(direction: Direction, input: FftSide, output: FftSide, scale: Scale): Promise<void> {
    return this.execute(direction, input, output, scale);
  }

  executeNow(direction: Direction, input: FftSide, output: FftSide, scale: Scale): void {
    const forward = direction === 'forward';
    const [source, target] = forward ? [this.#input, this.#output] : [this.#output, this.#input];
    const { strided, inPlace } = this.#descriptor;
    let [from, to] = forward ? [this.#staged.input, this.#staged.output] : [this.#staged.output, this.#staged.input];
    const [here, there] = [this.#addressOf(input), this.#addressOf(output)];
    if (here !== undefined) from = here;
    else source.write(input as Numbers);
    if (there !== undefined) to = there;
    // Places between strided elements belong to the caller and must come back as they were.
    else if (strided && !inPlace) target.write(output as Numbers);
    this.#run(fftEnums.FftDirection[direction], from, to, fftEnums.FftScale[scale]);
    if (there === undefined) target.read(output as Numbers);
  }

  nowArrays(): FftNowArrays {
    if (this.#arrays && this.#arrays.input.length > 0) return this.#arrays;
    this.#own ??= this.#placeOwn();
    const { input: read, output: written } = this.#own;
    const { forward, backward } = fftEnums.FftDirection;
    const { none } = fftEnums.FftScale;
    const input = this.#view(read, this.#counts.input);
    this.#arrays = {
      input,
      output: this.#descriptor.inPlace ? input : this.#view(written, this.#counts.output),
      forward: () => this.#run(forward, read, written, none),
      backward: () => this.#run(backward, written, read, none),
    };
    return this.#arrays;
  }

  async dispose(): Promise<void> {
    // An array of the plan that the caller kept must not become a view of memory that belongs to others.
    if (this.#own) this.#core.detach();
    this.#staging.release();
    // The function would keep the instance, whose context may be gone before the plan is.
    this.#transform = () => this.#core.call('ewald_fft_execute');
    this.#arrays = undefined;
    for (const numbers of [this.#input, this.#output]) numbers.release();
  }

  #workspaceOf(scratch: number): number {
    this.#core.check('ewald_fft_sizes', this.#handle, scratch, scratch + 4, scratch + 8);
    const words = new Uint32Array(3);
    this.#core.read(scratch, words);
    return words[2] ?? 0;
  }

  /** Allocates both sides. */
  #place(): Places {
    const { inPlace, precision } = this.#descriptor;
    const bytes = precision === 'f32' ? 4 : 8;
    const input = this.#staging.place(bytes * this.#counts.input);
    return { input, output: inPlace ? input : this.#staging.place(bytes * this.#counts.output) };
  }

  #placeOwn(): Places {
    const before = this.#core.liveBytes;
    const places = this.#place();
    this.#bytes += this.#core.liveBytes - before;
    return places;
  }

  #view(address: number, count: number): Numbers {
    const Numbers = this.#descriptor.precision === 'f32' ? Float32Array : Float64Array;
    return new Numbers(this.#core.view(address, Numbers.BYTES_PER_ELEMENT * count).buffer, address, count);
  }

  #addressOf(side: FftSide): number | undefined {
    if (side instanceof HeapArray) return side.address;
    if (this.#arrays === undefined) return undefined;
    return side === this.#arrays.input
      ? this.#own?.input
      : side === this.#arrays.output
        ? this.#own?.output
        : undefined;
  }

  #run(direction: number, from: number, to: number, scale: number): void {
    const status = this.#transform(this.#handle, direction, from, to, 0, scale);
    if (status !== 0) throw this.#core.refuse(status);
  }
}
