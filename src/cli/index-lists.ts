/** `ewald index LISTS…`: spot lists in, oriented cells out. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { BackendName } from '../backends/backend.js';
import type { Cell } from '../crystal/cell.js';
import { parseSpots } from '../data/spot-list.js';
import { EwaldError, messageOf } from '../errors.js';
import type { Indexer, IndexingMethod, IndexingThresholds } from '../indexing/indexer.js';
import { minimumSpots } from '../indexing/parameters.js';
import { readCell } from './cell-option.js';
import {
  bold,
  type CliDeps,
  dim,
  exitCode,
  green,
  Progress,
  parseCount,
  parseNumber,
  print,
  printJson,
  red,
  yellow,
} from './output.js';

interface Options {
  cell?: string;
  multi?: boolean;
  method: IndexingMethod;
  backend?: BackendName;
  maxSpots: string;
  accept?: string;
  audit?: string;
  json?: boolean;
}

/** One line of the answer; its JSON is documented and stable. */
interface ListResult {
  input: string;
  spots: number;
  indexed: boolean;
  crystals: {
    cell: number[][];
    lengths: number[];
    angles: number[];
    indexedSpots: number;
    score: number;
    probability: number;
  }[];
  method: IndexingMethod;
  backend: BackendName;
  ms: number;
}

export function register(program: Command, deps: CliDeps): void {
  program
    .command('index')
    .description('index spot lists: from the spots of stills to oriented crystal cells')
    .argument(
      '<lists...>',
      'spot lists: a line with the known cell (nine numbers, angstrom), then x y z a line (1/angstrom)',
    )
    .option('-p, --cell <cell>', "known cell instead of the lists' own: a .cell file or a,b,c,alpha,beta,gamma")
    .option('--multi', 'look for several lattices in each list')
    .option('--method <name>', 'fast, turbo or exhaustive', 'fast')
    .option('--backend <name>', 'where to compute; default: the best backend present')
    .option('--max-spots <n>', 'spots that take part, lowest resolution first', '300')
    .option('--accept <log10>', 'accept a lattice when log10 of its chance probability is at most this')
    .option('--audit <fraction>', 'index this fraction again on the wasm reference and compare')
    .option('--json', 'a JSON line a list: {input, spots, indexed, crystals, method, backend, ms}, or {input, error}')
    .action((lists: string[], options: Options) => run(lists, options, deps));
}

async function run(lists: readonly string[], options: Options, { createContext, signal }: CliDeps): Promise<void> {
  const cell = options.cell === undefined ? undefined : await readCell(options.cell);
  const maxSpots = Number(parseCount(options.maxSpots, '--max-spots'));
  const thresholds: IndexingThresholds = {
    maxCrystals: options.multi ? 8 : 1,
    ...(options.accept === undefined ? {} : { acceptLog10: parseNumber(options.accept, '--accept') }),
  };
  const context = await createContext({
    ...(options.backend ? { backend: options.backend } : {}),
    ...(options.audit === undefined ? {} : { audit: parseNumber(options.audit, '--audit') }),
  });
  const progress = new Progress('index');
  const done: ListResult[] = [];
  let failed = 0;
  try {
    const indexer = await context.indexer({
      maxSpots,
      maxOutputCells: 16,
      maxBatchSpots: 2 ** 18,
      method: options.method,
    });
    for (const [i, input] of lists.entries()) {
      if (signal.aborted) break;
      try {
        const result = await indexList(input, cell, thresholds, indexer);
        done.push(result);
        if (options.json) printJson(result);
        else print(describe(result));
      } catch (error) {
        failed++;
        if (options.json) printJson({ input, error: messageOf(error) });
        else print(`${red('✗')} ${input}: ${messageOf(error)}`);
      }
      progress.report((i + 1) / lists.length, input);
    }
  } finally {
    progress.end();
    await context.dispose();
  }
  if (!options.json) summarise(done, failed, lists.length);
  const { audit } = context;
  if (audit)
    process.stderr.write(
      `audit: ${audit.results} results, ${audit.drawn} drawn, ${audit.agreed} agree, ${audit.drifted} differ, ${audit.unchecked} unchecked\n`,
    );
  if (audit?.drifted) throw new EwaldError('Mismatch', audit.drifts.join('\n'));
  if (signal.aborted) process.exitCode = exitCode.interrupted;
  else if (failed > 0) process.exitCode = exitCode.data;
}

async function indexList(
  input: string,
  cell: Cell | undefined,
  thresholds: IndexingThresholds,
  indexer: Indexer,
): Promise<ListResult> {
  const list = parseSpots(await readFile(input, 'utf8'), input, cell === undefined);
  const spots = list.spots.length / 3;
  if (spots < minimumSpots)
    throw new EwaldError('Format', `${input}: the list has ${spots} spots; indexing needs at least ${minimumSpots}`);
  const started = performance.now();
  const result = await indexer.run({ spots: list.spots, cells: (cell ?? list.cell) as Cell, ...thresholds });
  const ms = performance.now() - started;
  const image = result.image(0);
  return {
    input,
    spots,
    indexed: image.indexed,
    crystals: image.crystals().map((crystal) => ({
      cell: [...crystal.cell.map((row) => [...row])],
      lengths: [...crystal.lengths],
      angles: [...crystal.angles],
      indexedSpots: crystal.indexedSpots,
      score: crystal.score,
      probability: crystal.probability,
    })),
    method: indexer.method,
    backend: indexer.backend,
    ms: Number(ms.toFixed(3)),
  };
}

function describe({ input, spots, crystals, ms }: ListResult): string {
  const [first] = crystals;
  if (!first) return `${yellow('–')} ${input}  ${dim(`${spots} spots, no lattice found`)}`;
  return crystals
    .map(({ lengths, angles, indexedSpots, probability }, i) => {
      const shape = `${lengths.map((x) => x.toFixed(2)).join(' ')} Å  ${angles.map((x) => x.toFixed(2)).join(' ')}°`;
      const chance = probability === 0 ? 'chance < 1e-300' : `chance ${probability.toExponential(0)}`;
      const where = i === 0 ? `${green('✓')} ${input}` : `  ${dim(`lattice ${i + 1}`)}`;
      return `${where}  ${shape}  ${indexedSpots}/${spots} spots  ${dim(`${chance}${i === 0 ? `  ${ms.toFixed(2)} ms` : ''}`)}`;
    })
    .join('\n');
}

function summarise(done: readonly ListResult[], failed: number, total: number): void {
  const indexed = done.filter((result) => result.indexed);
  const crystals = done.reduce((sum, result) => sum + result.crystals.length, 0);
  const ms = done.map((result) => result.ms).sort((a, b) => a - b);
  const [first] = done;
  const rate = first
    ? `; median ${(ms[ms.length >> 1] ?? 0).toFixed(2)} ms a list, ${first.method} on ${first.backend}`
    : '';
  const more = crystals > indexed.length ? ` (${crystals} lattices)` : '';
  const left = total - done.length - failed;
  print(
    `${bold(`${indexed.length} of ${done.length} lists indexed`)}${more}${rate}${failed ? red(`; ${failed} could not be read`) : ''}${left ? yellow(`; ${left} not begun`) : ''}`,
  );
}
