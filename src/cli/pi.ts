/** `ewald pi`: counts on one backend or on all of them. */
import type { Command } from 'commander';
import { type BackendName, EwaldError, isEwaldError, type PiResult } from '../entries/index.node.js';
import { exact } from '../entries/shell.node.js';
import {
  backendOption,
  bold,
  type CliDeps,
  dim,
  exitCode,
  green,
  Progress,
  parseCount,
  print,
  printJson,
  red,
  table,
} from './output.js';

interface Options {
  points: string;
  seed: string;
  stream: string;
  threads: string;
  backend?: string;
  json?: boolean;
}

export function register(program: Command, deps: CliDeps): void {
  program
    .command('pi')
    .description(
      'count pi by Monte Carlo: Philox4x32-10 points, integer in-circle test, the same hits on every backend',
    )
    .option('--points <n>', 'number of points, for example 1e9', '1e9')
    .option('--seed <n>', 'seed of the stream, 0 to 2^64 - 1', '0')
    .option('--stream <n>', 'independent stream of the seed', '0')
    .option('--threads <n>', 'host threads; 0: one per core', '0')
    .option('--backend <name>', 'a backend, or all')
    .option('--json', '{"results":[{backend, points, hits, pi, seconds}], "agree"}; hits is a string beyond 2^53')
    .action((options: Options) => run(options, deps));
}

async function run(options: Options, { createContext, devices, signal }: CliDeps): Promise<void> {
  const points = parseCount(options.points, '--points');
  const seed = parseCount(options.seed, '--seed');
  const stream = Number(parseCount(options.stream, '--stream'));
  const threads = Number(parseCount(options.threads, '--threads'));
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
      results.push(await plan.run({ points, seed, stream, signal, onProgress: progress.report }));
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
  if (signal.aborted) process.exitCode = exitCode.interrupted;
}
