/** Prints the timing table: language, value, seconds. */

import { approximatePiTypescript, library } from './index.js';
import { messageOf } from './message.js';

const points = Number(process.argv[2] ?? 2_000_000);
const languages: [string, () => Promise<(n: number) => number>][] = [
  ['TypeScript', async () => approximatePiTypescript],
  ['C', async () => (await library('pi_cpp', 'native')).approximate_pi_c],
  ['C, on wasm', async () => (await library('pi_cpp', 'wasm')).approximate_pi_c],
  ['Fortran', async () => (await library('pi_f90', 'native')).approximate_pi_fortran],
];

console.log(`${points} points\n${'language'.padEnd(12)}  ${'value'.padEnd(10)}  seconds`);
for (const [language, open] of languages) {
  try {
    const approximate = await open();
    // The best of three, because the first call includes compilation.
    let value = 0;
    let seconds = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i++) {
      const started = performance.now();
      value = approximate(points);
      seconds = Math.min(seconds, (performance.now() - started) / 1000);
    }
    console.log(`${language.padEnd(12)}  ${value.toFixed(6).padEnd(10)}  ${seconds.toFixed(4)}`);
  } catch (error) {
    console.log(`${language.padEnd(12)}  absent: ${messageOf(error)}`);
  }
}
