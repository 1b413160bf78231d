// Lines that a benchmark measured, collected for the report of all benchmarks.
import { appendFileSync } from 'node:fs';

/**
 * Adds a line to the file named by EWALD_BENCH_LINES, which benchmarks/all.mjs reads; does nothing without it.
 *   what    what was measured, with everything that distinguishes it from the other lines of the benchmark
 *   value   the result of ewald, in `unit`; with most = true less is better
 *   peer    { name, value, elsewhere }: the result of another program in the same unit; `elsewhere` marks a figure that
 *           was published or measured on another machine
 *   aim     what the value (or with aimOf = 'ratio' its ratio to the peer) must reach, or with most = true not exceed
 */
export function record(line) {
  const file = process.env.EWALD_BENCH_LINES;
  if (file) appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/**
 * The exit code of a benchmark that reached its end and gave right answers, but missed an aim that counts on any
 * machine. Its lines are good, unlike those of a benchmark that ends with 1.
 */
export const missedAim = 3;
