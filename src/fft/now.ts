/** Runs that are done when they return, on this thread: see `FftPlan.now`. */

import { EwaldError } from '../util/errors.js';
import type { FftNowArrays } from './contract.js';
import { checkRun, type Direction, type FftRunOptions, type PlannedFft, senseOf } from './run.js';
import type { FftArray, FftData } from './sides.js';

/** The runs of one plan; the shortest ways come first, since a short line takes less time than its checks. */
export class RunsNow {
  readonly #planned: PlannedFft;
  /** Of the plan, beside it: a short line takes less time than another access. */
  readonly #resource: PlannedFft['resource'];
  readonly #kernel: PlannedFft['kernel'];
  readonly #inPlace: boolean;
  readonly #needsWorkspace: boolean;
  readonly #exact: boolean;
  readonly #inputLength: number;
  readonly #outputLength: number;
  readonly #NumbersOf: typeof Float32Array | typeof Float64Array;
  /** Whether the fast check for two plain arrays applies; everything else is checked in full. */
  readonly #glance: boolean;
  /** The arrays handed out last, with the transforms between them: the kernel's, and as the user sees them. */
  #made: FftNowArrays | undefined;
  #handed: FftNowArrays | undefined;

  constructor(planned: PlannedFft) {
    this.#planned = planned;
    const { rules, numbers, resource } = planned;
    this.#resource = resource;
    this.#kernel = planned.kernel;
    this.#inPlace = rules.inPlace;
    this.#needsWorkspace = numbers.workspaceNeeded;
    this.#exact = rules.exact;
    this.#inputLength = numbers.input.length;
    this.#outputLength = numbers.output.length;
    this.#NumbersOf = rules.precision === 'f32' ? Float32Array : Float64Array;
    this.#glance = !this.#inPlace && !this.#needsWorkspace;
  }

  /** The plan's own arrays. */
  arrays(): FftNowArrays {
    const { resource, kernel, rules, swapped } = this.#planned;
    resource.assertAlive();
    const arrays = kernel.nowArrays?.();
    if (!arrays) throw new EwaldError('Internal', `fft.now: ${rules.backend} has no arrays`);
    if (this.#handed === undefined || this.#made !== arrays) {
      const { input, output, forward, backward } = arrays;
      this.#made = arrays;
      this.#handed = swapped ? { input: output, output: input, forward: backward, backward: forward } : arrays;
    }
    return this.#handed;
  }

  run(direction: Direction, input: FftData, output: FftData | undefined, options: FftRunOptions | undefined): FftData {
    if (options === undefined) {
      if (this.#runHanded(direction, input, this.#inPlace ? (output ?? input) : output)) return output ?? input;
      if (this.#fits(direction, input, output) && !this.#resource.disposed && !this.#resource.busy) {
        this.#kernel.executeNow?.(senseOf(this.#planned, direction), input as FftArray, output, 'none', undefined);
        return output;
      }
    }
    const { resource, kernel, rules, numbers } = this.#planned;
    resource.assertAlive();
    const { source, target, result, scale, workspace } = checkRun(rules, numbers, direction, input, output, options);
    for (const busy of [resource, source.array?.resource, target.array?.resource])
      if (busy?.busy)
        throw new EwaldError(
          'Argument',
          `fft.now.${direction}: an earlier run, read or write has not finished; await it first`,
        );
    kernel.executeNow?.(senseOf(this.#planned, direction), source.side, target.side, scale, workspace);
    return result;
  }

  /** Runs between the plan's own arrays; false if other arrays are passed, or these are detached. */
  #runHanded(direction: Direction, from: FftData, to: FftData | undefined): boolean {
    const handed = this.#handed;
    if (handed === undefined || this.#resource.disposed || this.#resource.busy || this.#needsWorkspace) return false;
    const { input, output } = handed;
    if (input.length === 0 || output.length === 0) return false;
    const forward = direction === 'forward';
    if (from !== (forward ? input : output) || to !== (forward ? output : input)) return false;
    if (forward) handed.forward();
    else handed.backward();
    return true;
  }

  #fits(direction: Direction, input: FftData, output: FftData | undefined): output is FftArray {
    const forward = direction === 'forward';
    const read = forward ? this.#inputLength : this.#outputLength;
    const written = forward ? this.#outputLength : this.#inputLength;
    return (
      this.#glance &&
      input instanceof this.#NumbersOf &&
      output instanceof this.#NumbersOf &&
      (this.#exact
        ? input.length === read && output.length === written
        : input.length >= read && output.length >= written) &&
      input.buffer !== output.buffer
    );
  }
}
