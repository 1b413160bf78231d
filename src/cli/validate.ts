/** `ewald validate`: runs the shipped cases on this machine's backends, against an independent reference. */
import { cpus } from 'node:os';
import {
  type Output,
  openOutput,
  parseBackend,
  refuseOthers,
  validateRows,
  type WriteOptions,
} from '../entries/command.node.js';
import type { BackendName } from '../entries/index.node.js';
import {
  htmlPage,
  type Outcome,
  type Report,
  type RowResult,
  rows,
  selectRows,
  shown,
  validate,
  verdictOf,
} from '../entries/validate.js';
import {
  bold,
  type CliDeps,
  dim,
  endDone,
  green,
  Progress,
  print,
  printJson,
  red,
  table,
  wrapText,
  yellow,
} from './output.js';
import { nameAsFlags } from './parameter-flags.js';
import { checking, command, type ValidateFlags } from './validate-rows.js';

/** A report only replaces an older report. */
const htmlWriting = ({ force = false }: ValidateFlags): WriteOptions => ({
  force,
  replaces: (head) => new TextDecoder().decode(head).includes('<title>ewald validate'),
  endings: ['.html', '.htm'],
  otherwise: 'is not a report of ewald validate',
});

/** The backends selected by an option; undefined for all backends that a user may name. */
export const backendsOf = (names: string): readonly BackendName[] | undefined =>
  names === 'all' ? undefined : [...new Set(names.split(',').map((name) => parseBackend(name.trim(), '--backend')))];

/** Describes the machine on which this runs. */
export function place(): string {
  const processors = cpus();
  return (
    `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${processors.length} ` +
    `× ${processors[0]?.model.trim() ?? 'unknown processor'}`
  );
}

/** Versions of the software below the backends. */
export const versions = (): Record<string, string> => ({ node: process.versions.node, v8: process.versions.v8 });

/** Runs the cases. */
export async function run(
  ids: readonly string[],
  options: ValidateFlags,
  { createContext, signal }: CliDeps,
): Promise<void> {
  const stages = options.list ? [] : checking;
  refuseOthers(command.rows, options, { stages, because: () => '--list runs no case' }, nameAsFlags(command.rows));
  if (options.list) return list(ids, options.json ?? false);
  const html = options.html === undefined ? undefined : await openOutput(options.html, htmlWriting(options));
  try {
    await checked(ids, options, html, { createContext, signal });
  } finally {
    await html?.discard();
  }
}

async function checked(
  ids: readonly string[],
  options: ValidateFlags,
  html: Output | undefined,
  { createContext, signal }: Pick<CliDeps, 'createContext' | 'signal'>,
): Promise<void> {
  const { engine, backends: named = 'all', budget = validateRows.budget.range.fallback, seconds } = options;
  const backends = backendsOf(engine && named === 'all' ? 'native' : named);
  const progress = new Progress('validate');
  const report = await validate({
    createContext,
    ids,
    ...(backends ? { backends } : {}),
    ...(engine ? { engine } : {}),
    ...(process.env.EWALD_REQUIRE ? { require: process.env.EWALD_REQUIRE } : {}),
    budget,
    ...(seconds === undefined ? {} : { seconds }),
    place: place(),
    versions: versions(),
    signal,
    onResult: ({ id }, done, total) => progress.share(done / total, id),
  }).finally(() => progress.end());
  await html?.write(htmlPage(report));
  // A partial report does not replace a complete one.
  const written = report.interrupted ? await html?.keep() : await html?.close().then(() => options.html);
  if (options.json) printJson(jsonOf(report));
  else printReport(report, options.verbose ?? false);
  if (written && !options.json) print(dim(`report written to ${written}`));
  endDone(report.pass, signal);
}

/** The output of `--json`; documented in src/validate/README.md. */
function jsonOf({ rows: results, backends, ...rest }: Report): object {
  const device = new Map(backends.map(({ backend, device }) => [backend, device]));
  return {
    ...rest,
    backends,
    rows: results.map(({ samples: _, ...row }) => ({
      ...row,
      device: device.get(row.backend)?.name ?? null,
      driver: device.get(row.backend)?.driver ?? null,
    })),
  };
}

function list(ids: readonly string[], json: boolean): void {
  const chosen = ids.length > 0 ? selectRows(ids) : rows;
  if (json)
    printJson(chosen.map(({ id, about, cost, work, bench }) => ({ id, about, cost, work, bench: bench ?? false })));
  else
    print(
      table(
        ['case', 'estimate', 'about'],
        chosen.map(({ id, cost, about }) => [id, `${cost.toPrecision(1)} s`, dim(about)]),
        [1],
      ),
    );
}

const paints: Record<Outcome, (text: string) => string> = {
  pass: green,
  fail: red,
  refused: yellow,
  absent: dim,
  todo: yellow,
  sampled: yellow,
};

function line({ id, backend, outcome, error, bound, unit, ms }: RowResult): string[] {
  return [
    id,
    backend,
    paints[outcome](outcome),
    error === null ? '' : shown(error),
    bound === null ? '' : `${shown(bound)} ${unit}`,
    ms === null ? '' : ms.toFixed(ms < 10 ? 2 : 0),
  ];
}

const counted = (results: readonly RowResult[]): string => {
  const counts = new Map<Outcome, number>();
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => paints[outcome](`${count} ${outcome}`)).join(', ');
};

/** One line per room: the outcomes of its cases on each backend. */
function printRooms(run: readonly RowResult[]): void {
  const roomOf = ({ id }: RowResult): string => id.split(':', 1)[0] ?? id;
  const backends = [...new Set(run.map(({ backend }) => backend))];
  const lines = [...new Set(run.map(roomOf))].map((room) => {
    const mine = run.filter((row) => roomOf(row) === room);
    return [room, ...backends.map((backend) => counted(mine.filter((row) => row.backend === backend)))];
  });
  print(table(['room', ...backends], lines, []));
}

function printReport(report: Report, verbose: boolean): void {
  const run = report.rows.filter(({ outcome }) => outcome !== 'absent');
  if (!verbose && run.length > 0) printRooms(run);
  // Failures are shown in full in any case.
  const full = verbose ? run : run.filter(({ outcome }) => outcome === 'fail');
  if (full.length > 0) print(table(['case', 'backend', 'outcome', 'error', 'bound', 'ms'], full.map(line), [3, 5]));
  print();
  for (const { backend, device, reason } of report.backends) {
    const mine = report.rows.filter((row) => row.backend === backend);
    const absent = mine.filter(({ outcome }) => outcome === 'absent').length;
    const why = `${absent > 0 ? `${absent} cases absent` : 'absent'}: ${reason}`;
    const text = device ? `${device.name} ${dim(`(${device.driver})`)}` : dim(why);
    print(`${bold(backend.padEnd(8))} ${wrapText(text, 9)}`);
  }
  for (const { id, backend, why, outcome } of run) {
    if (outcome === 'fail') print(`${red('fail')}     ${wrapText(`${id} on ${backend}: ${why}`, 9)}`);
  }
  // A reason shared by many rows is printed once; that of sampled ones has the estimate of each row.
  for (const outcome of ['refused', 'todo', 'sampled'] as const) {
    const reasons = new Map<string, number>();
    for (const { outcome: found, backend, why } of run)
      if (found === outcome) {
        const reason = `${backend}: ${outcome === 'sampled' ? 'estimated to take longer than --budget' : why}`;
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    for (const [reason, count] of reasons) print(`${yellow(outcome.padEnd(8))} ${wrapText(`${count} × ${reason}`, 9)}`);
  }
  const counts = Object.entries(report.counts).filter(([, count]) => count > 0);
  print(`\n${counts.map(([outcome, count]) => paints[outcome as Outcome](`${count} ${outcome}`)).join(', ')}`);
  if (report.left > 0) {
    const ended = report.interrupted ? 'interrupted' : 'time was up';
    print(`${ended} after ${report.rows.length} of ${report.rows.length + report.left} results`);
  }
  const { kind, title } = verdictOf(report);
  print((kind === 'pass' ? green : red)(bold(title)));
  if (!verbose && run.length > 0) print(dim('--verbose shows every case with its error and its bound'));
}
