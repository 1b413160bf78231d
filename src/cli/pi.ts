/** `ewald pi`: counts on one backend or on all of them. */
import { exact, roughly } from '../entries/command.node.js';
import {
  type BackendName,
  type Progress as CallProgress,
  EwaldError,
  isEwaldError,
  type PiResult,
} from '../entries/index.node.js';
import {
  backendOption,
  bold,
  type CliDeps,
  dim,
  endDone,
  green,
  note,
  Progress,
  print,
  printJson,
  red,
  table,
} from './output.js';
import type { PiFlags } from './pi-rows.js';

const usualPoints = 1e9;
/** Seconds from which on a count says how long it takes, and after how many it knows. */
const [long, known] = [60, 0.5];

/** Says once, after a beginning, how long a count takes that takes long. */
function saysHowLong(points: number | bigint, backend = ''): (progress: CallProgress) => void {
  const began = performance.now();
  let isSaid = false;
  return ({ done, total = 1 }) => {
    const seconds = (performance.now() - began) / 1000;
    if (isSaid || seconds < known || !(done > 0)) return;
    isSaid = true;
    const whole = (seconds * total) / done;
    if (whole > long) note(`${points} points on ${backend} take about ${roughly(whole)}; Ctrl-C ends the count`);
  };
}

export async function run(
  _: readonly string[],
  options: PiFlags,
  { createContext, devices, signal }: CliDeps,
): Promise<void> {
  const { points = usualPoints, seed = 0, stream = 0, threads = 0 } = options;
  const all = options.backend === 'all';
  const names: (BackendName | undefined)[] = all
    ? (await devices()).filter(({ available }) => available).map(({ backend }) => backend)
    : [backendOption(options.backend).backend];
  const results: PiResult[] = [];
  for (const backend of names) {
    const context = await createContext(backend ? { backend, strict: true } : {});
    const progress = new Progress(`pi on ${backend ?? context.backends[0]?.name}`);
    try {
      const plan = await context.pi({ threads });
      const tell = saysHowLong(points, backend ?? context.backends[0]?.name);
      const onProgress = (now: CallProgress): void => {
        tell(now);
        progress.report(now);
      };
      results.push(await plan.run({ points, seed, stream, signal, onProgress }));
    } catch (error) {
      if (!isEwaldError(error, 'Aborted') || results.length === 0) throw error;
      break;
    } finally {
      progress.end();
      await context.dispose();
    }
  }
  const agree = results.every(({ hits }) => hits === results[0]?.hits);
  if (options.json) {
    printJson({
      results: results.map((r) => ({
        backend: r.backend,
        points: exact(r.points),
        hits: exact(r.hits),
        pi: r.pi,
        seconds: r.seconds,
      })),
      agree,
    });
  } else {
    const rows = results.map((r) => [
      r.backend,
      String(r.hits),
      r.pi.toFixed(9),
      `± ${r.sigma.toExponential(1)}`,
      ((r.pi - Math.PI) / r.sigma).toFixed(2),
      `${(Number(r.points) / r.seconds).toExponential(2)}`,
      `${r.seconds.toFixed(3)} s`,
    ]);
    print(table(['backend', 'hits', 'pi', 'error bar', 'σ off', 'points/s', 'time'], rows, [1, 4, 5, 6]));
    print(dim(`${points} points, seed ${seed}, stream ${stream}`));
    if (results.length > 1)
      print(agree ? green(bold('all backends agree to the last count')) : red(bold('the backends DISAGREE')));
  }
  if (!agree)
    throw new EwaldError(
      'Mismatch',
      `the backends counted differently: ${results.map(({ backend, hits }) => `${backend} ${hits}`).join(', ')}`,
    );
  endDone(true, signal);
}
