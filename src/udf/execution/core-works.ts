/** The works of the core in a run: planned once for its partitions, on the context of its thread. */
import type { FrameArray } from '../../frames/dtype.js';
import { isAux } from '../functions/aux.js';
import type { AnyUdf } from '../functions/udf.js';
import type { UdfCore } from '../room.js';
import type { CoreWork } from './core-work.js';
import type { Running } from './running.js';

type Params = Readonly<Record<string, unknown>>;

/** The works of a run, by UDF, each with the parameters that it was planned for. */
export class CoreWorks {
  readonly #open: () => Promise<UdfCore>;
  readonly #works = new Map<AnyUdf, { readonly params: Params; readonly work: Promise<CoreWork | undefined> }>();

  constructor(open: () => Promise<UdfCore>) {
    this.#open = open;
  }

  /** Lets the core process a partition; returns false for a UDF that has no such work. */
  async run(running: Running, frames: FrameArray): Promise<boolean> {
    const work = await this.#workFor(running);
    if (!work) return false;
    const { arrays: results, aux, meta } = running;
    running.point(0, meta.positions.length);
    await work.run({ frames, count: meta.positions.length, results, aux, meta });
    return true;
  }

  async dispose(): Promise<void> {
    for (const { work } of this.#works.values()) await (await work.catch(() => undefined))?.dispose();
    this.#works.clear();
  }

  async #workFor({ udf, params, meta }: Running): Promise<CoreWork | undefined> {
    const { core } = udf.definition;
    if (!core) return undefined;
    const before = this.#works.get(udf);
    if (before && sameParams(before.params, params)) return before.work;
    const work = Promise.resolve(core({ params, meta, open: this.#open }));
    work.catch(() => undefined);
    this.#works.set(udf, { params, work });
    await (await before?.work.catch(() => undefined))?.dispose();
    return work;
  }
}

/** Whether two sets of parameters hold the same values, data of each position aside. */
const sameParams = (a: Params, b: Params): boolean =>
  Object.keys(b).every((name) => Object.is(a[name], b[name]) || (isAux(a[name]) && isAux(b[name])));
