/** A planned transform over the boxes of all ranks, and the part of its stages that one rank carries out. */

import type { ExternalEngine } from '../compute/backends/engines.js';
import { fftRanges } from '../compute/layout/fft.js';
import type { FftPlan } from '../fft/fft.js';
import type { FftOptions, FftPrecision } from '../fft/options.js';
import { overlap } from '../fft/sides.js';
import { checkedOptions, row } from '../options/call-options.js';
import type { Communicator } from '../parallel/communicator/communicator.js';
import { EwaldError, isEwaldError, messageOf } from '../util/errors.js';
import { inspect, kindOf } from '../util/options.js';
import { asyncDispose, eachInTurn, Resource } from '../util/resource.js';
import type { Agreement } from './agree.js';
import { agreeOnRun, type RunRequest } from './agree-run.js';
import type { Axis, Box } from './box.js';
import { type CopyBlock, joinAxes, type Numbers } from './copy.js';
import { type Exchange, exchange, messageNumbers } from './exchange.js';
import { planLocal } from './local.js';
import { type HeffteScale, parseScale } from './names.js';
import type { CheckedOptions, Fft3dRunOptions, FftContextLike } from './options.js';
import { type Boundary, type BufferPlace, type Division, inWorld, isWholeRow, type RankLayout } from './places.js';
import { SharedWorld, type WorldWish } from './shared-world.js';
import { StageTimes } from './stage-times.js';
import { numbersOf, Workspace } from './workspace.js';

/** Members of a transform. */
export interface TransformParts {
  readonly comm: Communicator;
  readonly context: FftContextLike;
  readonly ownContext: boolean;
  readonly agreement: Agreement;
  readonly layout: RankLayout;
  readonly kind: 'c2c' | 'r2c' | 'r2r';
  readonly reduced: Axis | undefined;
  readonly options: CheckedOptions;
  readonly engine: ExternalEngine | undefined;
  readonly tune: FftOptions['tune'];
  /** How the world is redistributed. */
  readonly algorithm: Exchange['algorithm'] | 'shared';
  /** Elements of the largest message of all ranks, for each stage. */
  readonly largest: readonly number[];
  readonly copyBlock: CopyBlock;
  /** See `Fft3dPlatform`. */
  readonly preferHugePages: (memory: ArrayBufferLike) => void;
  /** The same transform by messages, for runs whose world is too large for shared memory. */
  readonly byMessages?: () => Transform;
}

type Direction = 'forward' | 'backward';

/** The input or output of a run, as given. */
interface TransformArray {
  readonly array: Numbers;
  /** Whether it has real numbers where the transform has complex ones. */
  readonly converted: boolean;
}

/** The plan of each stage, on a rank that has elements. */
type Kernels = readonly (FftPlan | undefined)[];

/** The arrays of one run. */
interface Run {
  readonly direction: Direction;
  readonly precision: FftPrecision;
  readonly batch: number;
  readonly scale: HeffteScale;
  readonly input: TransformArray;
  readonly output: TransformArray;
  readonly times: StageTimes;
  readonly work: ReturnType<Workspace['for']>;
  /** The array of each redistribution in shared memory, if any. */
  readonly worlds: readonly Numbers[];
  readonly kernels: Kernels;
  readonly inPlace: boolean;
  /** What the first stage reads and the last one writes. */
  readonly start: Numbers;
  readonly end: Numbers;
}

/** The scale and the workspace are checked with the plan. */
const runRows = { ...row.others('scale', 'workspace'), batch: { kind: 'integer', range: fftRanges.batch } } as const;

/** A requested run. */
interface RunWish extends Pick<Run, 'direction' | 'precision' | 'batch' | 'scale' | 'input' | 'output'> {
  readonly workspace: Numbers | undefined;
}

/** A run that this rank cannot start. */
interface Refused {
  readonly why: unknown;
}

/** Stages of at most this many elements are computed on this thread, since a promise takes as long as they do. */
const shortStage = 2 ** 13;

export class Transform {
  readonly #parts: TransformParts;
  readonly #resource: Resource;
  readonly #workspace: Workspace;
  readonly #world: SharedWorld;
  #byMessages: Transform | undefined;
  /** Plans of the stages, by precision, batch and whether the whole is in place; those that are ready, and all. */
  readonly #ready = new Map<string, Kernels>();
  readonly #kernels = new Map<string, Promise<Kernels>>();
  #times: StageTimes | undefined;
  /** Why this rank has left: a run failed here while the other ranks were taking part in it. */
  #failed: unknown;

  constructor(parts: TransformParts) {
    this.#parts = parts;
    const { comm, layout } = parts;
    this.#workspace = new Workspace(comm, this.#workSizes());
    this.#world = new SharedWorld(comm, parts.preferHugePages);
    this.#resource = new Resource('distributed transform', undefined, { dispose: () => this.#release() });
    this.sizes = [layout.boundaries[0]?.box.count ?? 0, layout.boundaries.at(-1)?.box.count ?? 0];
    Object.defineProperty(this, asyncDispose, { value: () => this.dispose() });
  }

  /** Elements of this rank's inbox and outbox. */
  readonly sizes: readonly [number, number];

  get parts(): TransformParts {
    return this.#parts;
  }

  get sizeWorkspace(): number {
    return this.#workspace.size;
  }

  /** Bytes of workspace and shared memory that this rank's plan holds. */
  get bytes(): number {
    return this.#workspace.bytes + this.#world.bytes + (this.#byMessages?.bytes ?? 0);
  }

  /** The times of the stages of the latest run. */
  get times(): StageTimes | undefined {
    return this.#times;
  }

  dispose(): Promise<void> {
    return this.#resource.dispose();
  }

  async #release(): Promise<void> {
    const { comm, context, ownContext } = this.#parts;
    await eachInTurn('distributed transform', [
      ...(await this.#holdings()),
      () => (ownContext ? context.dispose() : undefined),
      () => comm.free(),
    ]);
  }

  /** What frees the memory and plans of this transform, but neither its context nor its communicator. */
  async #holdings(): Promise<(() => Promise<void> | void | undefined)[]> {
    const plans: (FftPlan | undefined)[] = [];
    for (const kernel of this.#kernels.values()) plans.push(...(await kernel.catch(() => [])));
    return [
      ...plans.map((plan) => () => plan?.dispose()),
      () => this.#workspace.free(),
      () => this.#world.free(),
      ...(this.#byMessages ? await this.#byMessages.#holdings() : []),
    ];
  }

  /** Numbers of the work arrays and messages of one transform. */
  #workSizes() {
    const { comm, layout, algorithm, largest } = this.#parts;
    const sizes = { slot0: 0, slot1: 0, outgoing: 0, incoming: 0 };
    const need = (part: keyof typeof sizes, numbers: number): void => {
      sizes[part] = Math.max(sizes[part], numbers);
    };
    layout.boundaries.forEach(({ box, unit, place }, b) => {
      if (place.at === 'work') need(`slot${place.slot}`, unit * box.count);
      // A side that has to be copied first, or last: real numbers of a complex transform.
      if (place.at === 'input' || place.at === 'output') need(`slot${this.#spare(b)}`, unit * box.count);
    });
    if (algorithm !== 'shared')
      for (const [s, { forward, backward }] of layout.divisions) {
        const unit = layout.boundaries[s]?.unit ?? 2;
        for (const traffic of [forward, backward]) {
          const [out, into] = messageNumbers(traffic, algorithm, comm.size, largest[s] ?? 0, unit);
          need('outgoing', out ?? 0);
          need('incoming', into ?? 0);
        }
      }
    return sizes;
  }

  /** The work array that is free where the caller's array at boundary `b` is. */
  #spare(b: number): 0 | 1 {
    const { boundaries } = this.#parts.layout;
    if (b === 0) return otherThan(boundaries[1]?.place);
    return boundaries.length === 2 ? 1 : otherThan(boundaries[b - 1]?.place);
  }

  /**
   * Transforms; every rank calls it. What one rank refuses (`Shape`, `Argument`) all refuse, before anything is
   * computed; only a plan that this rank has disposed of is its own affair.
   */
  async run(
    direction: Direction,
    input: Numbers,
    output: Numbers | undefined,
    options: Fft3dRunOptions | HeffteScale | number = {},
  ): Promise<Numbers> {
    this.#resource.assertAlive();
    if (this.#failed !== undefined) {
      const what = `heffte.${direction}: an earlier run of this plan failed on this rank (${messageOf(this.#failed)})`;
      throw new EwaldError('Lost', `${what}; make a new plan on every rank`, { cause: this.#failed });
    }
    let wish: RunWish | Refused;
    try {
      wish = this.#wish(direction, input, output, options);
    } catch (why) {
      wish = { why };
    }
    await this.#resource.enqueue(() => ('why' in wish ? this.#refuse(wish) : this.#carryOut(wish)));
    return (wish as RunWish).output.array;
  }

  /** Checks the arguments of a run. */
  #wish(
    direction: Direction,
    input: Numbers,
    output: Numbers | undefined,
    options: Fft3dRunOptions | HeffteScale | number,
  ): RunWish {
    const callOptions = typeof options === 'object' ? options : { scale: options };
    const { batch, ...given } = checkedOptions(`heffte.${direction}`, callOptions, runRows);
    const scale = parseScale(given.scale);
    if (!(input instanceof Float32Array) && !(input instanceof Float64Array)) {
      throw new EwaldError(
        'Shape',
        `heffte.${direction}: the input is ${kindOf(input)}; expected a Float32Array or Float64Array`,
      );
    }
    const precision = input instanceof Float32Array ? 'f32' : 'f64';
    const last = this.#parts.layout.boundaries.length - 1;
    const [from, to] = direction === 'forward' ? [0, last] : [last, 0];
    const source = this.#side(`heffte.${direction}: the input`, input, from, precision, batch);
    const result = output ?? new numbersOf[precision](this.#numbers(to) * batch);
    const target = this.#side(`heffte.${direction}: the output`, result, to, precision, batch);
    if (callOptions.workspace !== undefined) {
      this.#workspace.check(precision, batch, callOptions.workspace);
      if (overlap(callOptions.workspace, input) || overlap(callOptions.workspace, result))
        throw new EwaldError('Argument', `heffte.${direction}: the workspace overlaps input or output`);
    }
    return { direction, precision, batch, scale, input: source, output: target, workspace: callOptions.workspace };
  }

  #numbers(b: number): number {
    const { box, unit } = this.#parts.layout.boundaries[b] as Boundary;
    return unit * box.count;
  }

  #side(what: string, array: Numbers, b: number, precision: FftPrecision, batch: number): TransformArray {
    const needed = this.#numbers(b) * batch;
    const ArrayType = numbersOf[precision];
    const convertible = this.#parts.kind === 'c2c';
    const converted = convertible && needed > 0 && array.length === needed / 2;
    if (!(array instanceof ArrayType) || (array.length !== needed && !converted)) {
      const { box } = this.#parts.layout.boundaries[b] as Boundary;
      const numbers = convertible ? `${needed} numbers (complex) or ${needed / 2} (real)` : `${needed} numbers`;
      throw new EwaldError(
        'Shape',
        `${what} is ${inspect(array)}; expected a ${ArrayType.name} ` +
          `of ${numbers} for the box ${box}${batch > 1 ? ` and a batch of ${batch}` : ''}`,
      );
    }
    return { array, converted };
  }

  async #carryOut(wish: RunWish): Promise<void> {
    const { layout, algorithm, byMessages } = this.#parts;
    const { direction, precision, batch, input, output } = wish;
    const [first, last] = this.#ends(direction);
    const shared = algorithm === 'shared' && layout.divisions.size > 0 ? this.#worldWish(precision, batch) : undefined;
    let other = shared && byMessages && this.#world.isTooLarge(shared) ? this.#other(byMessages) : undefined;
    const { barrier } = this.#world;
    let kernels: Kernels = [];
    let run: Run | undefined;
    let reached: number | undefined;
    try {
      const planned = (other ?? this).#planned(wish);
      kernels = planned instanceof Promise ? await planned : planned;
      if (this.#numbers(first) > 0 && input.array.length === 0)
        throw new EwaldError('Shape', `heffte.${direction}: the input was detached before the run began`);
      if (this.#numbers(last) > 0 && output.array.length === 0)
        throw new EwaldError('Shape', `heffte.${direction}: the output was detached before the run began`);
      if (barrier && shared && !other && this.#world.holds(shared)) {
        run = this.#begin(wish, kernels, this.#world.arrays(shared));
        // Until the first redistribution only this plan's memory is written, so its barrier is the agreement as well.
        reached = await this.#compute(run, first, true);
      }
    } catch (why) {
      return this.#refuse({ why });
    }
    const began = performance.now();
    await this.#agree(wish);
    try {
      if (shared && !other && !(await this.#world.make(shared))) {
        if (!byMessages) throw this.#world.tooLarge(shared);
        other = this.#other(byMessages);
        kernels = await other.#planned(wish);
      }
      if (shared && !other) {
        run ??= this.#begin(wish, kernels, this.#world.arrays(shared));
        this.#world.taken(shared);
      }
      // The caller's workspace is for the layout in shared memory.
      run ??= (other ?? this).#begin(other ? { ...wish, workspace: undefined } : wish, kernels, []);
      const next = reached === undefined ? first : this.#passBarrier(run, reached, began);
      await (other ?? this).#compute(run, next, false);
      if (output.converted) realParts(run.end, output.array);
      this.#times = run.times;
    } catch (error) {
      // The other ranks are in the middle of the run: they are informed that this rank has left, and stop waiting.
      this.#abandon(error);
      throw error;
    }
  }

  /** Waits for all ranks, which compare their requests. */
  async #agree(request: RunRequest | undefined): Promise<void> {
    const { comm } = this.#parts;
    const { barrier } = this.#world;
    try {
      if (comm.size > 1) await agreeOnRun(comm, request, barrier);
    } catch (error) {
      // After the loss of a rank, the barrier cannot be used again.
      if (barrier && isEwaldError(error, 'Lost')) this.#abandon(error);
      throw error;
    }
  }

  /** Ends a run that this rank cannot start once all others know it; they refuse it, too, and stay in step. */
  async #refuse({ why }: Refused): Promise<never> {
    await this.#agree(undefined).catch(() => {});
    throw why;
  }

  #other(byMessages: () => Transform): Transform {
    this.#byMessages ??= byMessages();
    return this.#byMessages;
  }

  #abandon(error: unknown): void {
    this.#failed = error;
    this.#parts.comm.free().catch(() => {});
  }

  /** The first and last boundary of a direction. */
  #ends(direction: Direction): [first: number, last: number] {
    const { length } = this.#parts.layout.stages;
    return direction === 'forward' ? [0, length] : [length, 0];
  }

  #worldWish(precision: FftPrecision, batch: number): WorldWish {
    const { divisions, boundaries } = this.#parts.layout;
    const most = [...divisions].reduce(
      (numbers, [s, { world }]) => Math.max(numbers, world.count * (boundaries[s]?.unit ?? 2)),
      0,
    );
    return { divisions: divisions.size, precision, numbers: most * batch };
  }

  #begin(wish: RunWish, kernels: Kernels, arrays: readonly Numbers[]): Run {
    const { direction, precision, batch, scale, workspace, input, output } = wish;
    const work = this.#workspace.for(precision, batch, workspace);
    const [first, last] = this.#ends(direction);
    const inPlace = this.#isInPlace(wish);
    return {
      direction,
      precision,
      batch,
      scale,
      input,
      output,
      times: new StageTimes(),
      work,
      // Backward processes the redistributions in reverse; the arrays alternate in the order of processing.
      worlds: direction === 'backward' ? [...arrays].reverse() : arrays,
      kernels,
      inPlace,
      start: this.#entrance(input, first, batch, work, this.#isOneArray(wish) && !inPlace),
      end: output.converted ? this.#spareArray(last, batch, work) : output.array,
    };
  }

  /** Whether both sides of a single stage are one array. */
  #isOneArray({ input, output }: RunWish): boolean {
    return this.#parts.layout.stages.length === 1 && overlap(input.array, output.array);
  }

  /** Whether a single stage works in place, which it can where the layout stays the same. */
  #isInPlace(wish: RunWish): boolean {
    const { input, output } = wish;
    return (
      this.#isOneArray(wish) && !input.converted && !output.converted && this.#staysInPlace(input.array, output.array)
    );
  }

  /**
   * Carries out the stages from boundary `b` on. With `toBarrier` it stops where this rank has written its part of the
   * first redistribution through shared memory, and returns that boundary.
   */
  async #compute(run: Run, b: number, toBarrier: boolean): Promise<number> {
    const { direction, batch, kernels, scale, times, inPlace } = run;
    const { stages } = this.#parts.layout;
    const [, last] = this.#ends(direction);
    const step = direction === 'forward' ? 1 : -1;
    for (let at = b; at !== last; at += step) {
      const s = Math.min(at, at + step);
      if (stages[s]?.what === 'reshape') {
        if (toBarrier) {
          this.#putToWorld(run, at);
          return at;
        }
        await this.#divide(run, at);
        continue;
      }
      const began = performance.now();
      const source = this.#arrayAt(run, at);
      // In place both sides are one array, not two views of it.
      const target = inPlace || this.#worksInPlace(s) ? undefined : this.#arrayAt(run, at + step);
      const plan = kernels[s];
      const short = this.#parts.layout.boundaries[at] as Boundary;
      const transform = short.box.count * batch <= shortStage && plan?.now ? plan.now[direction] : plan?.[direction];
      const factor = scale === 'none' ? undefined : { scale };
      if (this.#oneByOne(s, batch))
        for (let i = 0; i < batch; i++)
          await transform?.(this.#ofBatch(at, i, source), this.#ofBatch(at + step, i, target as Numbers), factor);
      else await transform?.(source, target as Numbers, factor);
      times.note(s, began);
    }
    return last;
  }

  #staysInPlace(input: Numbers, output: Numbers): boolean {
    const { kind, layout } = this.#parts;
    const [from, to] = layout.boundaries;
    return (
      kind !== 'r2c' &&
      input.byteOffset === output.byteOffset &&
      from !== undefined &&
      to !== undefined &&
      from.box.orderedSameAs(to.box)
    );
  }

  /**
   * Whether a stage does the transforms of a batch one by one: between those in shared memory lie numbers of other
   * ranks, and a backend that works on copies would write them back as they were.
   */
  #oneByOne(s: number, batch: number): boolean {
    const { boundaries, strides } = this.#parts.layout;
    return batch > 1 && !strides && [s, s + 1].some((b) => boundaries[b]?.place.at === 'world');
  }

  /** The world in whose shared memory a boundary lies. */
  #worldOf(place: BufferPlace): Box | undefined {
    if (place.at !== 'world') return undefined;
    return [...this.#parts.layout.divisions.values()].find(({ number }) => number === place.division)?.world;
  }

  /** One transform's part of the array of a boundary. */
  #ofBatch(b: number, i: number, array: Numbers): Numbers {
    const { place, box, unit } = this.#parts.layout.boundaries[b] as Boundary;
    const first = i * unit * (this.#worldOf(place) ?? box).count;
    return array.subarray(first, first + unit * box.count);
  }

  /** A stage inside the plan whose sides are one array of workspace. */
  #worksInPlace(s: number): boolean {
    const [before, after] = [this.#parts.layout.boundaries[s]?.place, this.#parts.layout.boundaries[s + 1]?.place];
    return before?.at === 'work' && after?.at === 'work' && before.slot === after.slot;
  }

  /** What the first stage reads: the caller's array, or a copy of it. */
  #entrance(
    { array, converted }: TransformArray,
    b: number,
    batch: number,
    work: Run['work'],
    copied: boolean,
  ): Numbers {
    if (!converted && !copied) return array;
    const into = this.#spareArray(b, batch, work);
    if (!converted) into.set(array);
    else
      for (let i = 0; i < array.length; i++) {
        into[2 * i] = array[i] as number;
        into[2 * i + 1] = 0;
      }
    return into;
  }

  #spareArray(b: number, batch: number, work: Run['work']): Numbers {
    return work(`slot${this.#spare(b)}`).subarray(0, this.#numbers(b) * batch);
  }

  /** The array of a boundary. */
  #arrayAt(run: Run, b: number): Numbers {
    const [first, last] = this.#ends(run.direction);
    if (b === first) return run.start;
    if (b === last) return run.end;
    const { place, box, unit } = this.#parts.layout.boundaries[b] as Boundary;
    if (place.at === 'work') return run.work(`slot${place.slot}`).subarray(0, unit * box.count * run.batch);
    const world = this.#worldOf(place);
    if (place.at === 'world' && world) {
      const first = unit * inWorld(box, world).offset;
      // A whole row is planned without strides, and such a plan takes arrays of exactly its length.
      const end = isWholeRow(box, world) && run.batch === 1 ? first + unit * box.count : undefined;
      return (run.worlds[place.division] as Numbers).subarray(first, end);
    }
    throw new EwaldError('Internal', `heffte: boundary ${b} lies nowhere`);
  }

  /** The redistribution that follows boundary `b`, and its other boundary. */
  #division({ direction }: Run, b: number) {
    const forward = direction === 'forward';
    const next = forward ? b + 1 : b - 1;
    const s = Math.min(b, next);
    const { divisions, boundaries } = this.#parts.layout;
    const [division, before, after] = [divisions.get(s), boundaries[b], boundaries[next]];
    if (!division || !before || !after) throw new EwaldError('Internal', `heffte: stage ${s} divides nothing`);
    return { s, next, division, before, after, traffic: forward ? division.forward : division.backward };
  }

  /** One redistribution of the world, from this rank's box at boundary `b` to its next one. */
  async #divide(run: Run, b: number): Promise<void> {
    const { comm, algorithm, largest, copyBlock } = this.#parts;
    const { s, next, before, after, traffic } = this.#division(run, b);
    if (algorithm === 'shared') {
      this.#putToWorld(run, b);
      const began = performance.now();
      await this.#world.barrier?.arrive();
      this.#passBarrier(run, b, began);
      return;
    }
    const began = performance.now();
    await exchange({
      comm,
      algorithm,
      traffic,
      largest: largest[s] ?? 0,
      from: this.#arrayAt(run, b),
      to: this.#arrayAt(run, next),
      fromDistance: before.box.count,
      toDistance: after.box.count,
      unit: before.unit,
      batch: run.batch,
      outgoing: run.work('outgoing'),
      incoming: run.work('incoming'),
      copyBlock,
    });
    run.times.note(s, began);
  }

  /** Writes this rank's part of the world to shared memory, unless a transform has written it there. */
  #putToWorld(run: Run, b: number): void {
    const { s, division, before } = this.#division(run, b);
    if (before.place.at !== 'world') this.#copyToWorld('put', run, s, division, before, this.#arrayAt(run, b));
  }

  /** Continues behind a barrier at which this rank has waited since `began`; returns the next boundary. */
  #passBarrier(run: Run, b: number, began: number): number {
    const { s, next, division, after } = this.#division(run, b);
    run.times.note(s, began);
    if (after.place.at !== 'world') this.#copyToWorld('take', run, s, division, after, this.#arrayAt(run, next));
    return next;
  }

  /** Copies the box of a boundary of stage `s` into shared memory, or takes it out. */
  #copyToWorld(
    how: 'put' | 'take',
    run: Run,
    s: number,
    { world, number }: Division,
    { box, unit }: Boundary,
    array: Numbers,
  ): void {
    if (box.empty) return;
    const { batch } = run;
    const shared = run.worlds[number] as Numbers;
    const began = performance.now();
    const { offset, strides } = inWorld(box, world);
    const order = how === 'put' ? world.order : box.order;
    const triple = (of: readonly number[]) => order.map((axis) => of[axis]) as unknown as [number, number, number];
    const [boxSide, worldSide] = [
      { at: 0, strides: triple(box.strides), distance: box.count },
      { at: offset, strides: triple(strides), distance: world.count },
    ];
    const [from, to] = how === 'put' ? [boxSide, worldSide] : [worldSide, boxSide];
    const block = joinAxes({
      sizes: triple(box.size),
      from: from.at,
      fromStrides: from.strides,
      to: to.at,
      toStrides: to.strides,
    });
    const [source, target] = how === 'put' ? [array, shared] : [shared, array];
    const { copyBlock } = this.#parts;
    for (let b = 0; b < batch; b++) copyBlock(source, target, block, unit, b * from.distance, b * to.distance);
    run.times.note(s, began);
  }

  /** The plans of this rank's stages; made at the first run that needs them. */
  #planned(wish: RunWish): Kernels | Promise<Kernels> {
    const { precision, batch } = wish;
    const inPlace = this.#isInPlace(wish);
    const key = `${precision} ${batch} ${inPlace}`;
    const known = this.#ready.get(key) ?? this.#kernels.get(key);
    if (known) return known;
    const { stages, boundaries } = this.#parts.layout;
    const { context, kind, reduced, options, engine, tune } = this.#parts;
    const strided = (place: BufferPlace, box: Box, batch: number) => {
      const world = this.#worldOf(place);
      if (!world) return { strides: undefined, distance: box.count };
      const row = isWholeRow(box, world) && batch === 1;
      return { strides: row ? undefined : world.strides, distance: row ? box.count : world.count };
    };
    const made = Promise.all(
      stages.map(async (stage, s) => {
        const [before, after] = [boundaries[s], boundaries[s + 1]];
        if (stage.what !== 'fft' || !before || !after) return undefined;
        const together = this.#oneByOne(s, batch) ? 1 : batch;
        const [source, target] = [before, after].map(({ place, box }) => strided(place, box, together)) as [
          ReturnType<typeof strided>,
          ReturnType<typeof strided>,
        ];
        return planLocal({
          context,
          from: before.box,
          to: after.box,
          ...(source.strides ? { fromStrides: source.strides } : {}),
          ...(target.strides ? { toStrides: target.strides } : {}),
          fromDistance: source.distance,
          toDistance: target.distance,
          axes: stage.axes,
          kind,
          reduced,
          r2r: options.r2r,
          inPlace: inPlace || this.#worksInPlace(s),
          precision,
          batch: together,
          threads: options.threads,
          engine,
          tune,
        });
      }),
    );
    this.#kernels.set(key, made);
    // What could not be planned is tried again at the next run.
    made.then(
      (kernels) => this.#ready.set(key, kernels),
      () => this.#kernels.delete(key),
    );
    return made;
  }
}

const otherThan = (place: BufferPlace | undefined): 0 | 1 => (place?.at === 'work' && place.slot === 0 ? 1 : 0);

function realParts(complex: Numbers, into: Numbers): void {
  for (let i = 0; i < into.length; i++) into[i] = complex[2 * i] as number;
}
