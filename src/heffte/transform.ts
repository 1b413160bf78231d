/** A planned transform over the boxes of all ranks, and the part of its stages that one rank carries out. */

import type { ExternalEngine } from '../backends/engines.js';
import { EwaldError, messageOf } from '../base/errors.js';
import { integer, knownOptions } from '../base/options.js';
import { asyncDispose, eachInTurn, Resource } from '../base/resource.js';
import type { Communicator } from '../communicator/communicator.js';
import type { FftPlan } from '../fft/fft.js';
import type { FftOptions, FftPrecision } from '../fft/options.js';
import { overlap } from '../fft/sides.js';
import type { Agreement } from './agree.js';
import { agreeOnRun } from './agree-run.js';
import type { Axis, Box } from './box.js';
import { type CopyBlock, joinAxes, type Numbers } from './copy.js';
import { type Exchange, exchange, messageNumbers } from './exchange.js';
import { planLocal } from './local.js';
import { type HeffteScale, parseScale } from './names.js';
import type { CheckedOptions, Fft3dRunOptions, FftContextLike } from './options.js';
import { inWorld, isWholeRow, type Layout, type Place } from './places.js';
import { SharedWorld } from './shared-world.js';
import { Trace } from './trace.js';
import { numbersOf, Workspace } from './workspace.js';

/** Members of a transform. */
export interface Parts {
  readonly comm: Communicator;
  readonly context: FftContextLike;
  readonly ownContext: boolean;
  readonly agreement: Agreement;
  readonly layout: Layout;
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
}

type Direction = 'forward' | 'backward';

/** The input or output of a run, as given. */
interface Side {
  readonly array: Numbers;
  /** Whether it has real numbers where the transform has complex ones. */
  readonly converted: boolean;
}

/** The arrays of one run. */
interface Run {
  readonly direction: Direction;
  readonly precision: FftPrecision;
  readonly batch: number;
  readonly scale: HeffteScale;
  readonly input: Side;
  readonly output: Side;
  readonly trace: Trace;
  readonly work: ReturnType<Workspace['for']>;
  readonly worlds: readonly Numbers[];
}

/** A run whose kernels are planned. */
interface Begun extends Pick<Run, 'direction' | 'precision' | 'batch' | 'scale' | 'input' | 'output'> {
  readonly workspace: Numbers | undefined;
  readonly kernels: readonly (FftPlan | undefined)[];
  /** Both sides are one array of one stage; whether the stage works in place there. */
  readonly same: boolean;
  readonly inPlace: boolean;
}

export class Transform {
  readonly #parts: Parts;
  readonly #resource: Resource;
  readonly #workspace: Workspace;
  readonly #world: SharedWorld;
  /** Plans of the stages, by precision, batch and whether the whole is in place. */
  readonly #kernels = new Map<string, Promise<(FftPlan | undefined)[]>>();
  #trace: Trace | undefined;
  /** Why this rank has left: a run failed here while the other ranks were taking part in it. */
  #failed: unknown;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { comm, layout } = parts;
    this.#workspace = new Workspace(comm, this.#workSizes());
    this.#world = new SharedWorld(comm);
    this.#resource = new Resource('distributed transform', undefined, { dispose: () => this.#release() });
    this.sizes = [layout.boundaries[0]?.box.count ?? 0, layout.boundaries.at(-1)?.box.count ?? 0];
    Object.defineProperty(this, asyncDispose, { value: () => this.dispose() });
  }

  /** Elements of this rank's inbox and outbox. */
  readonly sizes: readonly [number, number];

  get parts(): Parts {
    return this.#parts;
  }

  get sizeWorkspace(): number {
    return this.#workspace.size;
  }

  /** Bytes of workspace and shared memory that this rank's plan holds. */
  get bytes(): number {
    return this.#workspace.bytes + this.#world.bytes;
  }

  /** Events of the latest run. */
  get trace(): Trace | undefined {
    return this.#trace;
  }

  dispose(): Promise<void> {
    return this.#resource.dispose();
  }

  async #release(): Promise<void> {
    const { comm, context, ownContext } = this.#parts;
    const plans: (FftPlan | undefined)[] = [];
    for (const made of this.#kernels.values()) plans.push(...(await made.catch(() => [])));
    await eachInTurn('distributed transform', [
      ...plans.map((plan) => () => plan?.dispose()),
      () => this.#workspace.free(),
      () => this.#world.free(),
      () => (ownContext ? context.dispose() : undefined),
      () => comm.free(),
    ]);
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

  /** Transforms; every rank calls it. Throws `Shape`, `Argument`, `Disposed` on this rank, before anything is sent. */
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
    const told = typeof options === 'object' ? options : { scale: options };
    knownOptions(`heffte.${direction}`, told, ['scale', 'workspace', 'batch']);
    const scale = parseScale(told.scale);
    const batch = integer(`heffte.${direction}: batch`, told.batch, 1, 1, 2 ** 24);
    if (!(input instanceof Float32Array) && !(input instanceof Float64Array)) {
      const found = (input as object | undefined)?.constructor?.name ?? typeof input;
      throw new EwaldError(
        'Shape',
        `heffte.${direction}: the input is a ${found}; expected a Float32Array or Float64Array`,
      );
    }
    const precision = input instanceof Float32Array ? 'f32' : 'f64';
    const last = this.#parts.layout.boundaries.length - 1;
    const [from, to] = direction === 'forward' ? [0, last] : [last, 0];
    const source = this.#side(`heffte.${direction}: the input`, input, from, precision, batch);
    const result = output ?? new numbersOf[precision](this.#numbers(to) * batch);
    const target = this.#side(`heffte.${direction}: the output`, result, to, precision, batch);
    if (told.workspace !== undefined) {
      this.#workspace.check(precision, batch, told.workspace);
      if (overlap(told.workspace, input) || overlap(told.workspace, result))
        throw new EwaldError('Argument', `heffte.${direction}: the workspace overlaps input or output`);
    }
    await this.#resource.enqueue(() =>
      this.#carryOut(direction, precision, batch, scale, source, target, told.workspace),
    );
    return result;
  }

  #numbers(b: number): number {
    const { box, unit } = this.#parts.layout.boundaries[b] as Layout['boundaries'][number];
    return unit * box.count;
  }

  #side(what: string, array: Numbers, b: number, precision: FftPrecision, batch: number): Side {
    const needed = this.#numbers(b) * batch;
    const ArrayType = numbersOf[precision];
    const convertible = this.#parts.kind === 'c2c';
    const converted = convertible && needed > 0 && array.length === needed / 2;
    if (!(array instanceof ArrayType) || (array.length !== needed && !converted)) {
      const { box } = this.#parts.layout.boundaries[b] as Layout['boundaries'][number];
      const numbers = convertible ? `${needed} numbers (complex) or ${needed / 2} (real)` : `${needed} numbers`;
      throw new EwaldError(
        'Shape',
        `${what} is a ${(array as object)?.constructor?.name} of ${array?.length}; expected a ${ArrayType.name} ` +
          `of ${numbers} for the box ${box}${batch > 1 ? ` and a batch of ${batch}` : ''}`,
      );
    }
    return { array, converted };
  }

  async #carryOut(
    direction: Direction,
    precision: FftPrecision,
    batch: number,
    scale: HeffteScale,
    input: Side,
    output: Side,
    workspace: Numbers | undefined,
  ): Promise<void> {
    const { comm, layout } = this.#parts;
    const one = layout.stages.length === 1;
    const same = one && overlap(input.array, output.array);
    // One array as both sides of one stage: where the layout stays the transform can be in place.
    const inPlace = same && !input.converted && !output.converted && this.#staysInPlace(input.array, output.array);
    const inputNumbers = this.#numbers(direction === 'forward' ? 0 : layout.boundaries.length - 1) * batch;
    let refusal: unknown;
    let kernels: readonly (FftPlan | undefined)[] = [];
    try {
      kernels = await this.#planned(precision, batch, inPlace);
      if (inputNumbers > 0 && input.array.length === 0)
        throw new EwaldError('Shape', `heffte.${direction}: the input was detached before the run began`);
    } catch (error) {
      refusal = error;
    }
    try {
      await agreeOnRun(comm, refusal === undefined ? { direction, precision, batch, scale } : undefined);
    } catch (error) {
      throw refusal ?? error;
    }
    if (refusal !== undefined) throw refusal;
    try {
      await this.#transform({ direction, precision, batch, scale, input, output, workspace, kernels, same, inPlace });
    } catch (error) {
      // The other ranks are in the middle of the run: they are informed that this rank has left, and stop waiting.
      this.#failed = error;
      comm.free().catch(() => {});
      throw error;
    }
  }

  /** A run that every rank has agreed upon. */
  async #transform({ direction, precision, batch, scale, input, output, workspace, kernels, same, inPlace }: Begun) {
    const { layout, algorithm } = this.#parts;
    const { stages, divisions } = layout;
    const trace = new Trace();
    let worlds: Numbers[] = [];
    if (algorithm === 'shared' && divisions.size > 0) {
      const most = [...divisions].reduce(
        (numbers, [s, { world }]) => Math.max(numbers, world.count * (layout.boundaries[s]?.unit ?? 2)),
        0,
      );
      worlds = await this.#world.take(divisions.size, precision, most * batch);
      // Backward processes the redistributions in reverse; the arrays alternate in the order of processing.
      if (direction === 'backward') worlds.reverse();
    }
    const work = this.#workspace.for(precision, batch, workspace);
    const run: Run = { direction, precision, batch, scale, input, output, trace, work, worlds };
    const [first, last] = direction === 'forward' ? [0, stages.length] : [stages.length, 0];
    const step = direction === 'forward' ? 1 : -1;
    const start = this.#entrance(run, first, same && !inPlace);
    const end = output.converted ? this.#spareArray(run, last) : output.array;
    const at = (b: number): Numbers => (b === first ? start : b === last ? end : this.#array(run, b));
    for (let b = first; b !== last; b += step) {
      const s = Math.min(b, b + step);
      const stage = stages[s] as (typeof stages)[number];
      if (stage.what === 'reshape') await this.#divide(run, s, at(b), at(b + step));
      else {
        const began = performance.now();
        // In place both sides are one array, not two views of it.
        const target = inPlace || this.#worksInPlace(s) ? undefined : at(b + step);
        if (this.#oneByOne(s, batch))
          for (let i = 0; i < batch; i++) {
            const [source, result] = [this.#ofBatch(b, i, at(b)), this.#ofBatch(b + step, i, target as Numbers)];
            await kernels[s]?.[direction](source, result, { scale });
          }
        else await kernels[s]?.[direction](at(b), target as Numbers, { scale });
        trace.note(s, 'transform', began);
      }
    }
    if (output.converted) realParts(end, output.array);
    this.#trace = trace;
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
  #worldOf(place: Place): Box | undefined {
    if (place.at !== 'world') return undefined;
    return [...this.#parts.layout.divisions.values()].find(({ number }) => number === place.division)?.world;
  }

  /** One transform's part of the array of a boundary. */
  #ofBatch(b: number, i: number, array: Numbers): Numbers {
    const { place, box, unit } = this.#parts.layout.boundaries[b] as Layout['boundaries'][number];
    const first = i * unit * (this.#worldOf(place) ?? box).count;
    return array.subarray(first, first + unit * box.count);
  }

  /** A stage inside the plan whose sides are one array of workspace. */
  #worksInPlace(s: number): boolean {
    const [before, after] = [this.#parts.layout.boundaries[s]?.place, this.#parts.layout.boundaries[s + 1]?.place];
    return before?.at === 'work' && after?.at === 'work' && before.slot === after.slot;
  }

  /** What the first stage reads: the caller's array, or a copy of it. */
  #entrance(run: Run, b: number, copied: boolean): Numbers {
    const { array, converted } = run.input;
    if (!converted && !copied) return array;
    const into = this.#spareArray(run, b);
    if (!converted) into.set(array);
    else
      for (let i = 0; i < array.length; i++) {
        into[2 * i] = array[i] as number;
        into[2 * i + 1] = 0;
      }
    return into;
  }

  #spareArray(run: Run, b: number): Numbers {
    return run.work(`slot${this.#spare(b)}`).subarray(0, this.#numbers(b) * run.batch);
  }

  /** The array of a boundary inside the plan. */
  #array(run: Run, b: number): Numbers {
    const { place, box, unit } = this.#parts.layout.boundaries[b] as Layout['boundaries'][number];
    if (place.at === 'work') return run.work(`slot${place.slot}`).subarray(0, unit * box.count * run.batch);
    const world = this.#worldOf(place);
    if (place.at === 'world' && world)
      return (run.worlds[place.division] as Numbers).subarray(unit * inWorld(box, world).offset);
    throw new EwaldError('Internal', `heffte: boundary ${b} lies nowhere`);
  }

  /** One division of the world, from this rank's box to its next one. */
  async #divide(run: Run, s: number, from: Numbers, to: Numbers): Promise<void> {
    const { comm, layout, algorithm, largest, copyBlock } = this.#parts;
    const { direction, batch, trace } = run;
    const division = layout.divisions.get(s);
    const forward = direction === 'forward';
    const [a, b] = forward ? [s, s + 1] : [s + 1, s];
    const [before, after] = [layout.boundaries[a], layout.boundaries[b]];
    if (!division || !before || !after) throw new EwaldError('Internal', `heffte: stage ${s} divides nothing`);
    const note = (what: Parameters<Exchange['note']>[0], began: number, bytes: number, peer?: number) =>
      trace.note(s, what, began, bytes, peer);
    if (algorithm !== 'shared') {
      await exchange({
        comm,
        algorithm,
        traffic: forward ? division.forward : division.backward,
        largest: largest[s] ?? 0,
        from,
        to,
        fromDistance: before.box.count,
        toDistance: after.box.count,
        unit: before.unit,
        batch,
        outgoing: run.work('outgoing'),
        incoming: run.work('incoming'),
        note,
        copyBlock,
      });
      return;
    }
    const { world, number } = division;
    const shared = run.worlds[number] as Numbers;
    if (before.place.at !== 'world') this.#copyToWorld('put', run, before.box, world, from, shared, before.unit, note);
    const began = performance.now();
    await comm.barrier();
    trace.note(s, 'wait', began);
    if (after.place.at !== 'world') this.#copyToWorld('take', run, after.box, world, to, shared, after.unit, note);
  }

  #copyToWorld(
    how: 'put' | 'take',
    { batch }: Run,
    box: Box,
    world: Box,
    array: Numbers,
    shared: Numbers,
    unit: 1 | 2,
    note: Exchange['note'],
  ): void {
    if (box.empty) return;
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
    note(how === 'put' ? 'pack' : 'unpack', began, box.count * unit * batch * array.BYTES_PER_ELEMENT);
  }

  /** The plans of this rank's stages; made at the first run that needs them. */
  #planned(precision: FftPrecision, batch: number, inPlace: boolean): Promise<(FftPlan | undefined)[]> {
    const key = `${precision} ${batch} ${inPlace}`;
    const known = this.#kernels.get(key);
    if (known) return known;
    const { stages, boundaries } = this.#parts.layout;
    const { context, kind, reduced, options, engine, tune } = this.#parts;
    const strided = (place: Place, box: Box, batch: number) => {
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
    made.catch(() => this.#kernels.delete(key));
    return made;
  }
}

const otherThan = (place: Place | undefined): 0 | 1 => (place?.at === 'work' && place.slot === 0 ? 1 : 0);

function realParts(complex: Numbers, into: Numbers): void {
  for (let i = 0; i < into.length; i++) into[i] = complex[2 * i] as number;
}
