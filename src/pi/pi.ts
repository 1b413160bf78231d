/**
 * pi by Monte Carlo: the smallest room and a guided tour of the architecture.
 *
 * Points come from Philox4x32-10 counter streams and are tested in integers, so every backend counts exactly the same
 * hits. The same kernel in other languages: cpp/pi/isa/count.cpp, wgsl/pi/count.wgsl, cuda/pi/pi.cu. It is not a way to
 * compute digits of pi: the error falls as 1/sqrt(points).
 */

import type { BackendName } from '../compute/backends/names.js';
import { piParams } from '../compute/layout/pi.js';
import { pack } from '../compute/layout/struct.js';
import type { AuditTask } from '../compute/planner/audit.js';
import type { Planner } from '../compute/planner/planner.js';
import { checkedOptions } from '../options/call-options.js';
import { progressOf } from '../util/callbacks.js';
import { checkSignal, exact, ofRun, yieldToEventLoop } from '../util/options.js';
import { asyncDispose, Resource } from '../util/resource.js';
import type {} from './calls.js';
import { piFeature } from './kernels.js';
import {
  checkCount,
  type PiOptions,
  type PiPlan,
  type PiPlanMethods,
  type PiResult,
  type PiRunOptions,
  piRunSchema,
} from './options.js';
import { piPlanRows } from './parameters.js';

/** Plans pi on a context. */
export async function planPi(planner: Planner, options: PiOptions): Promise<PiPlan> {
  const elsewhere = ofRun(Object.keys(piRunSchema), '(await ctx.pi()).run({ … })');
  const { threads } = checkedOptions('pi', options, piPlanRows, elsewhere);
  const { backend, kernel } = await planner.plan(piFeature, { threads });
  const auditor = backend.name === 'wasm' ? undefined : planner.auditor;
  const resource = new Resource('pi plan', planner.resource, kernel);

  async function count(
    run: PiRunOptions,
    { points, seed, stream, first }: ReturnType<typeof checkCount>,
    report: (done: number) => void,
  ): Promise<PiResult> {
    const started = performance.now();
    let hits = 0n;
    let reportedAt = started;
    for (let done = 0n; done < points; ) {
      checkSignal(run.signal);
      const left = points - done;
      let stretch = left < BigInt(kernel.pointsPerCall) ? left : BigInt(kernel.pointsPerCall);
      // A selected range is cut to a size that the reference counts quickly; the range that is checked is exactly the
      // range that is used.
      const audited = auditor?.draw() ?? false;
      if (audited && stretch > auditedPoints) stretch = auditedPoints;
      const counted = await kernel.count(
        pack(piParams, {
          ...halves('seed', seed),
          ...halves('first', first + done),
          ...halves('points', stretch),
          stream,
          threads,
        }),
      );
      if (audited) await auditor?.check(recount(backend.name, seed, stream, first + done, stretch, counted));
      hits += counted;
      done += stretch;
      const now = performance.now();
      if (now - reportedAt > 100) {
        reportedAt = now;
        report(Number(done) / Number(points));
        await yieldToEventLoop();
      }
    }
    report(1);
    const result: PiResult = {
      backend: backend.name,
      points,
      hits,
      pi: (4 * Number(hits)) / Number(points),
      sigma: Math.sqrt((Math.PI * (4 - Math.PI)) / Number(points)),
      seconds: (performance.now() - started) / 1000,
    };
    // JSON has no integers of this size: JSON.stringify would throw.
    const toJSON = () => ({ ...result, points: exact(points), hits: exact(hits) });
    return Object.defineProperty(result, 'toJSON', { value: toJSON });
  }

  const plan: PiPlanMethods = {
    backend: backend.name,
    async run(run) {
      resource.assertAlive();
      const wanted = checkCount(run);
      const report = progressOf('pi', run);
      return resource.enqueue(() => count(run, wanted, report), run.signal);
    },
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(plan, asyncDispose, { value: () => resource.dispose() });
  return plan as PiPlan;
}

const auditedPoints = 1n << 22n;

/** The check of one range: the worker counts the same points. */
function recount(
  backend: BackendName,
  seed: bigint,
  stream: number,
  first: bigint,
  points: bigint,
  counted: bigint,
): AuditTask<'pi'> {
  return {
    what: `pi on ${backend}: ${points} points from ${first} of stream ${stream}, seed ${seed}`,
    call: 'pi',
    options: { seed, stream, first, points },
    cost: Number(points) / 2e8,
    compare: ({ hits }) => (hits === counted ? undefined : `counted ${counted}, the reference ${hits}`),
  };
}

function halves(name: string, value: bigint): Record<string, number> {
  return { [`${name}Lo`]: Number(value & 0xffffffffn), [`${name}Hi`]: Number(value >> 32n) };
}
