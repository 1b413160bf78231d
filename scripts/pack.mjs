#!/usr/bin/env node
// Makes the tarballs of all packages from what is built: `npm run pack:all [-- -o FOLDER]`. `npm run pack:check` also
// installs them in an empty project without a registry and runs a job with each; with `--build` it compiles the source
// package there.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { root } from './lib/run.mjs';
import { complain, say } from './lib/say.mjs';

const usage = `usage: node scripts/pack.mjs [-o FOLDER] [--check [--build]]
  -o FOLDER  where the tarballs go, default build/packages
  --check    also install them in an empty project without a registry, and run a job with each
  --build    also compile the source package there (minutes)`;
const args = process.argv.slice(2);
let folder = 'build/packages';
let check = false;
let build = false;
for (let i = 0; i < args.length; i++) {
  if (args[i] === '-o' && args[i + 1]) folder = args[++i];
  else if (args[i] === '--check') check = true;
  else if (args[i] === '--build') build = true;
  else {
    console.log(usage);
    process.exit(args[i] === '--help' || args[i] === '-h' ? 0 : 2);
  }
}
if (!existsSync(join(root, 'build/esm')) || !existsSync(join(root, 'dist/ewald.wasm'))) {
  complain('pack', 'nothing is built; run npm run build first');
  process.exit(1);
}
const stale = (await import('./build.mjs')).staleParts();
if (stale.length > 0) {
  complain('pack', `built from other sources: ${stale.join(', ')}; run npm run build first`);
  process.exit(1);
}
const { packAll } = await import('./packages/stage.mjs');
const target = resolve(folder);
const { made, leftOut } = await packAll(target, { dependencies: check });
for (const { name, foreign, file, bytes, unpacked } of made) {
  if (foreign) continue;
  const hash = createHash('sha256')
    .update(readFileSync(join(target, file)))
    .digest('hex');
  const sizes = `${(bytes / 1e6).toFixed(2)} MB, ${(unpacked / 1e6).toFixed(2)} MB unpacked`;
  say('pack', `${name}: ${relative(process.cwd(), join(target, file))}, ${sizes}, sha256 ${hash.slice(0, 12)}…`);
}
for (const line of leftOut) say('pack', `not packed: ${line}`);
if (check) {
  const { checkPackages } = await import('./packages/check.mjs');
  try {
    await checkPackages(target, made, { build, note: (text) => say('pack', text) });
  } catch (error) {
    complain('pack', error.message);
    process.exitCode = 1;
  }
}
