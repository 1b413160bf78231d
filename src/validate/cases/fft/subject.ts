/** A problem planned on a backend, with guard words around its outputs and between their elements. */

import type { Context } from '../../../context/rooms.js';
import type { FftArray, FftPlan, FftScale } from '../../../fft/fft.js';
import { runOnDevice } from './on-device.js';
import { elementPositions } from './places.js';
import { isCropped, type Problem } from './problem.js';
import { factorOf } from './truth.js';

const guard = -1.5e30;
/** Guard words on each side of an array. */
const margin = 16;

/** The result of a run. */
export interface Output {
  readonly values: Float64Array;
  /**
   * The result of the opposite direction and its expected value; undefined if the first direction loses information.
   */
  readonly roundTrip: { readonly found: Float64Array; readonly expected: Float64Array } | undefined;
  /** Number of words written that belong to no element of an output, and of input words that changed. */
  readonly strayWrites: number;
}

/** One side of a plan: where its elements lie. */
interface PlanSide {
  readonly places: Float64Array;
  readonly width: 1 | 2;
  readonly length: number;
}

/** Plans a problem on the context; a run transforms in both directions. */
export async function makePlan(context: Context, p: Problem) {
  const fft = await context.fft(p.options);
  const forward = p.direction === 'forward';
  const sideOf = (side: 'from' | 'to'): PlanSide => ({
    places: elementPositions(p, side),
    width: p[side].complex ? 2 : 1,
    length: (side === 'from') === forward ? fft.inputLength : fft.outputLength,
  });
  const [from, to] = [sideOf('from'), sideOf('to')];
  return {
    async run(): Promise<Output> {
      const there = await transformGuarded(fft, p, { forward, values: p.input, scale: p.scale }, from, to);
      // A backward transform to real numbers loses the imaginary part, and a part of a result loses the rest; `twice`
      // has no opposite direction.
      if ((p.options.kind === 'real' && !forward) || p.arrays === 'twice' || isCropped(p))
        return { ...there, roundTrip: undefined };
      const back = await transformGuarded(fft, p, { forward: !forward, values: there.values, scale: p.back }, to, from);
      const factor = factorOf(p, p.scale) * factorOf(p, p.back) * p.logical;
      return {
        values: there.values,
        roundTrip: { found: back.values, expected: p.input.map((x) => x * factor) },
        strayWrites: there.strayWrites + back.strayWrites,
      };
    },
    // One direction, without guards. In place, the symmetric factor keeps the magnitude of the numbers, run after run.
    ...(p.arrays ? {} : { timed: () => timedCall(fft, p, forward, from, to) }),
    dispose: () => fft.dispose(),
  };
}

/** A new array of the plan's precision. */
const newArray = (fft: FftPlan, length: number): FftArray =>
  fft.precision === 'f64' ? new Float64Array(length) : new Float32Array(length);

/** Writes the elements of a side to their places in an array. */
function writeElements(values: Float64Array, { places, width }: PlanSide, array: FftArray): void {
  for (const [i, place] of places.entries())
    for (let part = 0; part < width; part++) array[place * width + part] = values[i * width + part] as number;
}

/** The caller's workspace, if the plan takes one. */
const workspaceOf = (fft: FftPlan, { options }: Problem): { workspace?: FftArray } =>
  options.userWorkspace ? { workspace: newArray(fft, 2 * fft.sizeWorkspace) } : {};

/** A transform between existing arrays, ready to be called repeatedly. */
function timedCall(fft: FftPlan, p: Problem, forward: boolean, from: PlanSide, to: PlanSide) {
  const input = newArray(fft, from.length);
  writeElements(p.input, from, input);
  const target = p.options.inPlace ? undefined : newArray(fft, to.length);
  const options = { scale: p.options.inPlace ? ('symmetric' as const) : p.scale, ...workspaceOf(fft, p) };
  return {
    amount: p.options.batch ?? 1,
    call: () => (forward ? fft.forward(input, target, options) : fft.backward(input, target, options)),
  };
}

interface Transform {
  readonly forward: boolean;
  readonly values: Float64Array;
  readonly scale: FftScale;
}

/** One transform of `values` from one side to the other, with guards around all elements. */
async function transformGuarded(
  fft: FftPlan,
  p: Problem,
  { forward, values, scale }: Transform,
  from: PlanSide,
  to: PlanSide,
) {
  const guarded = (length: number): FftArray => newArray(fft, length + 2 * margin).fill(guard);
  const source = guarded(from.length);
  const input = source.subarray(margin, margin + from.length);
  // The gaps of an input are NaN: a transform that reads them shows this in every result.
  input.fill(Number.NaN);
  writeElements(values, from, input);
  const before = source.slice();
  const memory = p.options.inPlace ? source : guarded(to.length);
  const output = p.options.inPlace ? input : memory.subarray(margin, margin + to.length);
  const options = { scale, ...workspaceOf(fft, p) };
  const target = p.options.inPlace ? undefined : output;
  if (p.arrays && forward === (p.direction === 'forward')) await runOnDevice(fft, p, input, output, options);
  else await (forward ? fft.forward(input, target, options) : fft.backward(input, target, options));

  const written = new Float64Array(to.places.length * to.width);
  // In place, the array may be longer than the side, and its padding may be overwritten.
  const mine = new Uint8Array(memory.length).fill(p.options.inPlace ? 1 : 0, margin, margin + to.length);
  for (const [i, place] of to.places.entries())
    for (let part = 0; part < to.width; part++) {
      written[i * to.width + part] = output[place * to.width + part] as number;
      mine[margin + place * to.width + part] = 1;
    }
  const untouched = newArray(fft, 1).fill(guard)[0];
  let strayWrites = 0;
  for (let i = 0; i < memory.length; i++) if (mine[i] === 0 && memory[i] !== untouched) strayWrites++;
  if (!p.options.inPlace) for (let i = 0; i < source.length; i++) if (!Object.is(before[i], source[i])) strayWrites++;
  return { values: written, strayWrites };
}
