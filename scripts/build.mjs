#!/usr/bin/env node
// Builds the stale parts, judged by content and not by time, and prints one line for each part: `node scripts/build.mjs
// [PART…] [--force]`. Without names it builds every part that this machine can build; a named part is built alone.
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hashOf, readStamp, writeStamp, writeWhole } from './lib/files.mjs';
import { withLock } from './lib/lock.mjs';
import { root, run, tail } from './lib/run.mjs';
import { complain, say } from './lib/say.mjs';
import { writeZstdModule } from './lib/zstd-module.mjs';
import { cuda, cudaEmulated, mpi, native } from './parts/addons.mjs';
import { bundle, pages } from './parts/bundle.mjs';
import { layout, types } from './parts/esm.mjs';
import { wasm } from './parts/wasm.mjs';

/**
 * The parts in build order, in two rows that need nothing of each other: while the bundle uses one processor, C++ is
 * compiled on the others.
 */
const scripts = [types, layout, bundle, pages];
const compiled = [wasm, native, mpi, cuda, cudaEmulated];

/**
 * All parts. A part is { name, off(): why it cannot be built here or undefined, inputs(): { files, more }, outputs():
 * files, build(): { code, output } }. A failing `required` part fails the build; other parts are skipped.
 */
const parts = [...scripts, ...compiled];

const usage = `usage: node scripts/build.mjs [PART…] [--force]\nparts: ${parts.map(({ name }) => name).join(', ')}`;

/** The version is stored in two places, because a bundle cannot read package.json. */
function checkVersion() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const inSource = /version = '([^']+)'/.exec(readFileSync(join(root, 'src/util/version.ts'), 'utf8'))?.[1];
  if (version === inSource) return undefined;
  return (
    `package.json says version ${version}, src/util/version.ts says ${inSource ?? 'nothing'}; write the same into ` +
    'both'
  );
}

/** Whether the outputs of a part exist and were built from these inputs. */
function isFresh(part, inputs, stamp) {
  const outputs = part.outputs();
  // Outputs are hashed as well: an output that another program has overwritten is stale.
  return (
    stamp?.inputs === inputs &&
    stamp.outputs === hashOf(outputs) &&
    outputs.every((file) => existsSync(join(root, file)))
  );
}

/** Names of packed parts that are built, but not from the sources as they are now. */
export function staleParts() {
  return [types, layout, bundle, pages, wasm, native, cuda]
    .filter((part) => part.outputs().some((file) => existsSync(join(root, file))))
    .filter((part) => {
      const { files, more } = part.inputs();
      return !isFresh(part, hashOf(files, more), readStamp(part.name));
    })
    .map(({ name }) => name);
}

async function buildPart(part, force, lenient) {
  const { files, more } = part.inputs();
  const inputs = hashOf(files, more);
  const stamp = readStamp(part.name);
  if (!force && isFresh(part, inputs, stamp)) return 'fresh';
  const lossy = lenient && !part.required;
  const log = `build/logs/${part.name}.log`;
  if (!force && lossy && stamp?.failed && stamp.inputs === inputs) {
    say('build', `${part.name} stays left out: nothing has changed since it could not be built; ${log} says why`);
    return 'left out';
  }
  const started = performance.now();
  writeStamp(part.name, undefined);
  const { code, output = '', note = '' } = await part.build();
  const took = (performance.now() - started) / 1000;
  const missing = code === 0 ? part.outputs().filter((file) => !existsSync(join(root, file))) : [];
  if (code !== 0 || missing.length > 0) {
    writeWhole(join(root, log), output);
    if (lossy) {
      writeStamp(part.name, { inputs, failed: true });
      for (const file of part.outputs()) rmSync(join(root, file), { force: true });
      complain('build', `${part.name} could not be built and is left out; ${log} says why`);
      return 'left out';
    }
    const what =
      missing.length > 0
        ? `${part.name} ended well but made no ${missing.join(', ')}`
        : `${part.name} failed; its last lines are above`;
    complain('build', `${what}, all of it is in ${log}`, tail(output));
    return 'failed';
  }
  writeStamp(part.name, { inputs, outputs: hashOf(part.outputs()) });
  say('build', `${part.name}${note ? `, ${note}` : ''}`, took);
  return 'built';
}

/**
 * Builds the named parts, or all. With `setup` the caller prints the last line; with `lenient` the build continues
 * without parts that the package does not require. Returns the exit code and the number of parts built.
 */
export async function build(named = [], { force = false, setup = false, lenient = false } = {}) {
  // A bundle of types that are older than their sources is of another program.
  const names = named.some((name) => [bundle, pages].some((part) => part.name === name))
    ? [types.name, ...named]
    : named;
  const unknown = names.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0) {
    complain('build', `there is no part ${unknown.join(', ')}\n${usage}`);
    return { code: 2, built: 0 };
  }
  const wrong = checkVersion();
  if (wrong) {
    complain('build', wrong);
    return { code: 1, built: 0 };
  }
  const started = performance.now();
  return withLock(join(root, 'build/.lock'), 'build', async () => {
    for (const path of writeZstdModule()) say('build', `wrote ${path}`);
    let built = 0;
    const off = [];
    let failed = false;
    /** Builds parts one after the other, until one fails, also of another row. */
    const inOrder = async (list) => {
      for (const part of list) {
        if (failed) return;
        const asked = names.includes(part.name);
        if (names.length > 0 && !asked) continue;
        const why = part.off?.();
        if (why && !(part.required && part.outputs().every((file) => existsSync(join(root, file))))) {
          if (part.required || (asked && !setup)) {
            complain('build', `${part.name} cannot be built: ${why}`);
            failed = true;
            return;
          }
          off.push(`${part.name} (${why})`);
          // An addon of an earlier build would be incompatible with the rest.
          for (const file of part.outputs()) rmSync(join(root, file), { force: true });
          continue;
        }
        if (why) {
          off.push(`${part.name} kept as it is (${why})`);
          continue;
        }
        const outcome = await buildPart(part, force, lenient);
        if (outcome === 'failed') failed = true;
        if (outcome === 'built') built++;
      }
    };
    await Promise.all([inOrder(scripts), inOrder(compiled)]);
    if (failed) return { code: 1, built };
    // The header, the wasm module and the addon must declare the same functions. The package's own parser reads the
    // header.
    if (
      built > 0 &&
      existsSync(join(root, 'dist/ewald.wasm')) &&
      existsSync(join(root, 'build/esm/entries/ffi.node.js'))
    ) {
      const checked = await run(process.execPath, ['scripts/check-abi.mjs']);
      if (checked.code !== 0) {
        complain('build', 'the C ABI disagrees with itself; the lines above say where', tail(checked.output));
        return { code: 1, built };
      }
    }
    if (existsSync(join(root, 'dist/cli.js'))) chmodSync(join(root, 'dist/cli.js'), 0o755);
    if (off.length > 0 && !setup) say('build', `switched off: ${off.join('; ')}`);
    if (built === 0 && !setup) say('build', 'everything is fresh', (performance.now() - started) / 1000);
    return { code: 0, built };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const args = process.argv.slice(2);
  const options = args.filter((arg) => arg.startsWith('-'));
  if (options.some((option) => option !== '--force')) {
    console.log(usage);
    process.exitCode = options.includes('--help') || options.includes('-h') ? 0 : 2;
  } else {
    const names = args.filter((arg) => !arg.startsWith('-'));
    process.exitCode = (await build(names, { force: options.includes('--force') })).code;
  }
}
