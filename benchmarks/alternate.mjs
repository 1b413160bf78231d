#!/usr/bin/env node
// `node benchmarks/alternate.mjs OTHER`: the timing cases of this build and of the build in the folder OTHER take
// turns, a process each, so that a busy machine slows both alike. Prints the speed of this build divided by that of the
// other one (above 1: this build is faster) for each case and, as the geometric mean, for each room. The time of a case
// is the best of all its runs; builds of the same source differ by up to 5 % in one case.
//   [--turns N] (default 4)  [--seconds S] a case and turn (default 0.3)  [--backends native,wasm]
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    turns: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '0.3' },
    backends: { type: 'string', default: 'native,wasm' },
  },
});
if (positionals.length !== 1) throw new Error('expected one folder with another build: alternate.mjs OTHER');
const builds = { other: resolve(positionals[0]), this: fileURLToPath(new URL('..', import.meta.url)) };

/** Best times in ms by case and build. */
const best = new Map();
function turn(build, backend) {
  const flags = ['bench', '--backend', backend, '--seconds', options.seconds, '--json'];
  const text = execFileSync(process.execPath, [join(builds[build], 'dist/cli.js'), ...flags], { maxBuffer: 2 ** 26 });
  for (const { id, outcome, timing } of JSON.parse(text).rows) {
    if (outcome !== 'pass') throw new Error(`${build}: ${id} on ${backend}: ${outcome}`);
    const key = `${id} (${backend})`;
    const times = best.get(key) ?? {};
    times[build] = Math.min(times[build] ?? Infinity, timing.bestMs);
    best.set(key, times);
  }
}
for (let i = 0; i < Number(options.turns); i++)
  for (const backend of options.backends.split(',')) for (const build of Object.keys(builds)) turn(build, backend);

const rooms = new Map();
console.log('| case | other, ms | this, ms | speed |\n|---|---|---|---|');
for (const [key, { other, this: own }] of best) {
  if (!other || !own) continue;
  console.log(`| ${key} | ${other.toPrecision(4)} | ${own.toPrecision(4)} | ${(other / own).toFixed(3)} |`);
  const room = key.split(':')[0];
  rooms.set(room, [...(rooms.get(room) ?? []), Math.log(other / own)]);
}
console.log('\n| room | cases | speed |\n|---|---|---|');
for (const [room, logs] of rooms)
  console.log(`| ${room} | ${logs.length} | ${Math.exp(logs.reduce((a, b) => a + b) / logs.length).toFixed(3)} |`);
