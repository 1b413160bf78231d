/** `ewald bench`: the cases of `ewald validate` verified and then timed, backends and peers side by side in one run. */
import { benchRows } from '../entries/command.node.js';
import { type BenchReport, type BenchResult, bench, shown, type Timing } from '../entries/validate.js';
import type { BenchFlags } from './bench-rows.js';
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
import { backendsOf, place, versions } from './validate.js';

/** Runs the cases. */
export async function run(
  ids: readonly string[],
  options: BenchFlags,
  { createContext, signal }: CliDeps,
): Promise<void> {
  const backends = backendsOf(options.backends ?? 'all');
  const progress = new Progress('bench');
  const report = await bench({
    createContext,
    ...(ids.length > 0 ? { ids } : {}),
    ...(backends ? { backends } : {}),
    ...(process.env.EWALD_REQUIRE ? { require: process.env.EWALD_REQUIRE } : {}),
    seconds: options.seconds ?? benchRows.seconds.range.fallback,
    place: place(),
    versions: versions(),
    signal,
    onRow: (id, done, total) => progress.share(done / total, id),
  }).finally(() => progress.end());
  if (options.json) printJson(report);
  else printReport(report);
  // Slow timings are not failures, because a machine may be slow; wrong results are.
  const wrong = report.rows.some(({ outcome }) => outcome === 'fail') || !report.rows.some(({ timing }) => timing);
  endDone(!wrong, signal);
}

const timed = ({ medianMs, spreadMs, rate }: Timing, unit: string): string[] => [
  shown(medianMs),
  `± ${shown(spreadMs / 2)}`,
  `${rate >= 1e6 ? rate.toExponential(2) : Math.round(rate)} ${unit}/s`,
];

function ratiosOf({ ratios }: BenchResult): string {
  return ratios
    .map(({ over, ratio, target, pass }) => {
      const text = `${ratio.toFixed(2)} × ${over}`;
      return target === null
        ? text
        : (pass ? green : yellow)(`${text} (aim ${target}: ${pass ? 'reached' : 'missed'})`);
    })
    .join(', ');
}

const timeOf = ({ kernel, ms, passes }: NonNullable<BenchResult['kernels']>[number]): string =>
  `${kernel} ${shown(ms)} ms${passes > 1 ? ` in ${passes} passes` : ''}`;

function printReport({ rows, peers, backends, cases, interrupted }: BenchReport): void {
  const lines: string[][] = [];
  for (const id of new Set(rows.map((row) => row.id))) {
    for (const row of rows.filter((candidate) => candidate.id === id && candidate.outcome !== 'absent')) {
      if (row.timing)
        lines.push([id, row.backend, shown(row.planMs ?? 0), ...timed(row.timing, row.unit), ratiosOf(row)]);
      else
        lines.push([
          id,
          row.backend,
          '',
          '',
          '',
          '',
          (row.outcome === 'fail' ? red : yellow)(
            row.outcome === 'pass' ? (row.why ?? '') : `${row.outcome}: ${row.why}`,
          ),
        ]);
    }
    for (const { peer, timing, unit } of peers.filter((candidate) => candidate.id === id))
      lines.push([id, dim(peer), '', ...timed(timing, unit), '']);
  }
  print(table(['case', 'backend', 'plan ms', 'run ms', 'half spread', 'rate', 'ratio'], lines, [2, 3, 4, 5]));
  for (const { id, backend, kernels } of rows)
    if (kernels)
      print(dim(wrapText(`${id} on ${backend}, device times: ${kernels.slice(0, 6).map(timeOf).join(', ')}`)));
  const legend =
    'run: median of the runs; half spread: half the distance of the quartiles; every row was verified before it was ' +
    'timed';
  print(dim(wrapText(legend)));
  for (const { backend, device } of backends)
    if (device) print(`${bold(backend.padEnd(8))} ${wrapText(`${device.name} ${dim(`(${device.driver})`)}`, 9)}`);
  if (interrupted) print(yellow(`interrupted after ${cases.finished} of ${cases.chosen} cases`));
}
