#!/usr/bin/env node
// Runs the long loops: `npm run soak`, or `node scripts/soak.mjs [NAME…] [--scale 0.1]`. A loop is a file
// test/soak/NAME.mjs that exports { name, about, minutes, run({ scale, note }) }; `run` throws when it finds an error.
// Each loop runs in a separate process with --expose-gc.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run } from './lib/run.mjs';
import { complain, paint, say } from './lib/say.mjs';

const folder = join(root, 'test/soak');
const args = process.argv.slice(2);

if (process.env.EWALD_SOAK_LOOP) await runHere(process.env.EWALD_SOAK_LOOP, Number(process.env.EWALD_SOAK_SCALE));
else process.exitCode = await runAll();

/** Runs one loop in this process. */
async function runHere(name, scale) {
  try {
    const loop = await import(pathToFileURL(join(folder, `${name}.mjs`)).href);
    await loop.run({ scale, note: (text) => console.log(`  ${text}`) });
  } catch (error) {
    console.error(`  ${error.stack}`);
    process.exitCode = 1;
  }
}

async function runAll() {
  const at = args.indexOf('--scale');
  const scale = at < 0 ? 1 : Number(args[at + 1]);
  const names = args.filter((arg, i) => !arg.startsWith('--') && (at < 0 || i !== at + 1));
  const known = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.mjs'))
        .map((file) => file.slice(0, -4))
        .sort()
    : [];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || !(scale > 0) || args.some((arg) => arg.startsWith('--') && arg !== '--scale')) {
    complain('soak', `usage: node scripts/soak.mjs [NAME…] [--scale FRACTION]; loops: ${known.join(', ')}`);
    return 2;
  }
  const failed = [];
  for (const name of names.length > 0 ? names : known) {
    const { about, minutes } = await import(pathToFileURL(join(folder, `${name}.mjs`)).href);
    say('soak', `${name}: ${about}${scale === 1 ? `, about ${minutes} min` : `, × ${scale}`}`);
    // With these settings glibc returns memory to the system when it is freed. Otherwise the resident set includes
    // hundreds of megabytes that malloc keeps for reuse.
    const honest = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' };
    const env = { ...honest, EWALD_SOAK_LOOP: name, EWALD_SOAK_SCALE: String(scale) };
    const { code, seconds } = await run(process.execPath, ['--expose-gc', join(root, 'scripts/soak.mjs')], {
      env,
      show: true,
      minutes: 24 * 60,
    });
    if (code !== 0) failed.push(name);
    say('soak', `${name} ${code === 0 ? paint('green', 'passed') : paint('red', 'failed')}`, seconds);
  }
  return failed.length > 0 ? 1 : 0;
}
