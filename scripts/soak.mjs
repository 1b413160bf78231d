#!/usr/bin/env node
// Runs the long loops: `npm run soak`, or `node scripts/soak.mjs [NAME…] [--scale 0.1] [--minutes 30] [--seeds 3,4]`. A
// loop is a file test/soak/NAME.mjs that exports { name, about, minutes, run({ scale, seeds, note }) }; `run` throws when
// it finds an error. Without --seeds a loop with seeds uses its own. With --minutes the loops share that time: each is
// scaled to its part of what is left, and what no time is left for is named; the first one changes from day to day. Each
// loop runs in a separate process with --expose-gc.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root, run } from './lib/run.mjs';
import { complain, paint, say } from './lib/say.mjs';

const folder = join(root, 'test/soak');

if (process.env.EWALD_SOAK_LOOP) await runHere(process.env.EWALD_SOAK_LOOP, JSON.parse(process.env.EWALD_SOAK_HOW));
else process.exitCode = await runAll();

/** Runs one loop in this process. */
async function runHere(name, how) {
  try {
    const loop = await import(pathToFileURL(join(folder, `${name}.mjs`)).href);
    await loop.run({ ...how, note: (text) => console.log(`  ${text}`) });
  } catch (error) {
    console.error(`  ${error.stack}`);
    process.exitCode = 1;
  }
}

/** The command line; its scale is NaN if it has other options. */
function given() {
  try {
    const options = {
      scale: { type: 'string', default: '1' },
      minutes: { type: 'string', default: 'Infinity' },
      seeds: { type: 'string' },
    };
    const { positionals, values } = parseArgs({ options, allowPositionals: true });
    const seeds = values.seeds?.split(',').map(Number);
    return { names: positionals, scale: Number(values.scale), minutes: Number(values.minutes), seeds };
  } catch {
    return { names: [], scale: Number.NaN };
  }
}

async function runAll() {
  const { names, scale: most, minutes: budget, seeds } = given();
  const known = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.mjs'))
        .map((file) => file.slice(0, -4))
        .sort()
    : [];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || !(most > 0) || !(budget > 0) || seeds?.every(Number.isSafeInteger) === false) {
    const usage = 'usage: node scripts/soak.mjs [NAME…] [--scale FRACTION] [--minutes NUMBER] [--seeds NUMBER,NUMBER…]';
    complain('soak', `${usage}; loops: ${known.join(', ')}`);
    return 2;
  }
  const loops = [];
  for (const name of names.length > 0 ? names : known)
    loops.push(await import(pathToFileURL(join(folder, `${name}.mjs`)).href));
  if (Number.isFinite(budget)) loops.push(...loops.splice(0, Math.floor(Date.now() / 86_400_000) % loops.length));
  const end = performance.now() + budget * 60_000;
  const [failed, leftOut] = [[], []];
  for (const [i, loop] of loops.entries()) {
    const wanted = loops.slice(i).reduce((sum, { minutes }) => sum + minutes, 0);
    const scale = Math.min(most, (end - performance.now()) / 60_000 / wanted);
    if (scale <= 0) leftOut.push(loop.name);
    else if (!(await runLoop(loop, { scale, seeds }))) failed.push(loop.name);
  }
  if (leftOut.length > 0) say('soak', `no time was left for ${leftOut.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

/** Runs a loop in a process of its own; returns whether it passed. */
async function runLoop({ name, about, minutes }, { scale, seeds }) {
  say('soak', `${name}: ${about}, ${scale === 1 ? `about ${minutes} min` : `× ${Number(scale.toPrecision(2))}`}`);
  // With these settings glibc returns memory to the system when it is freed. Otherwise the resident set includes
  // hundreds of megabytes that malloc keeps for reuse.
  const honest = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' };
  const env = { ...honest, EWALD_SOAK_LOOP: name, EWALD_SOAK_HOW: JSON.stringify({ scale, seeds }) };
  const { code, seconds } = await run(process.execPath, ['--expose-gc', join(root, 'scripts/soak.mjs')], {
    env,
    show: true,
    minutes: 24 * 60,
  });
  say('soak', `${name} ${code === 0 ? paint('green', 'passed') : paint('red', 'failed')}`, seconds);
  return code === 0;
}
