#!/usr/bin/env node
// The C ABI is defined in three places: cpp/include/ewald.h, the exports of dist/ewald.wasm, and the bindings of the
// native addon. This script reads the header with the package's own parser (build/esm) and reports differences: `node
// scripts/check-abi.mjs`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/run.mjs';

/** Functions of the ABI that the addon does not bind, with the reason. */
const unbound = {
  ewald_last_error: 'becomes the message of what the addon throws',
};

/** Functions of the addon that have no counterpart in the ABI, with the reason. */
const beside = {
  memoryWrite: 'C writes to memory of ewald_alloc by itself',
  memoryRead: 'C reads it by itself',
  copyBlock: 'arrays of JavaScript alone are copied like this',
  readTurned: 'files are of the host; the numbers are turned by ewald_swap_bytes',
  computeHere: 'which thread of Node computes is no matter of the core',
  answerSignalsOnce: 'what signals do is a matter of the process',
  preferHugePages: 'memory is that of JavaScript, and pages are those of Linux',
  fftRunner: 'ewald_fft_execute by another way in',
  fftArrays: 'the same, between arrays that it makes',
  engineFind: 'engines (cpp/engines) are libraries of the host, which a wasm module cannot load',
  engineCreate: 'the same',
  engineDestroy: 'the same',
  engineEnder: 'the same',
  engineEnd: 'the same',
  openGate: 'functions of JavaScript are of the host, and so are the gates to them',
  closeGate: 'the same',
};

const snake = (name) => `ewald_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
const camel = (name) => name.replace(/^ewald_/, '').replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/**
 * Returns the differences between header, wasm module and addon; an empty list if they agree.
 *
 * @param ffi The module `ewald/ffi` of this build.
 * @param inputs `header`: its text; `include(name)`: the text of an included header; `wasm`: the bytes of the module,
 * or undefined; `addonSource`: the text of the files of cpp/addon; `addonNames`: the names that the built addon
 * exports, or undefined.
 */
export function checkAbi(ffi, { header, include, wasm, addonSource, addonNames }) {
  const problems = [];
  const tables = {};
  for (const model of ['lp64', 'llp64', 'wasm32']) {
    try {
      // This also checks the static assertions of the generated layout for each data model.
      tables[model] = ffi.parseHeader(header, {
        name: 'cpp/include/ewald.h',
        model,
        include: (name) => ({ name: `cpp/include/${name}`, text: include(name) }),
      });
    } catch (error) {
      problems.push(`for ${model}: ${error.message}`);
    }
  }
  const table = tables.wasm32;
  if (!table || !tables.lp64) return problems;
  if (tables.lp64.assertions === 0)
    problems.push('cpp/include/generated/layout.h asserts no layout; run node scripts/layout.mjs');
  const declared = Object.keys(tables.lp64.functions);
  for (const name of declared)
    if (!name.startsWith('ewald_'))
      problems.push(`cpp/include/ewald.h declares ${name}; functions of the ABI start with ewald_`);

  if (wasm) {
    const exported = ffi.exportedSignatures(wasm);
    for (const name of declared) {
      const found = exported.get(name);
      const { file, line } = table.functions[name];
      const where = `${file}:${line}`;
      if (!found) {
        problems.push(
          `${where} declares ${name}, but dist/ewald.wasm does not export it; EWALD_EXPORT(${name}) is missing ` +
            'where it is defined, or the module is stale',
        );
        continue;
      }
      const wanted = ffi.signatureText(ffi.declaredSignature(table, name));
      if (ffi.signatureText(found) !== wanted)
        problems.push(
          `${where} declares ${name} as ${wanted} on wasm, but dist/ewald.wasm has ${ffi.signatureText(found)}`,
        );
    }
    for (const name of exported.keys()) {
      if (name.startsWith('ewald_') && !declared.includes(name))
        problems.push(`dist/ewald.wasm exports ${name}, which cpp/include/ewald.h does not declare`);
    }
  }

  const bound = [...addonSource.matchAll(/exports\.Set\("(\w+)"/g)].map(([, name]) => name);
  for (const name of bound) {
    if (name in beside) continue;
    if (!declared.includes(snake(name)))
      problems.push(`cpp/addon binds ${name}, but cpp/include/ewald.h declares no ${snake(name)}`);
    else if (!new RegExp(`\\b${snake(name)}\\b`).test(addonSource))
      problems.push(`cpp/addon binds ${name}, but never calls ${snake(name)}`);
  }
  for (const name of declared) {
    if (name in unbound) continue;
    if (!bound.includes(camel(name)))
      problems.push(`cpp/include/ewald.h declares ${name}, but cpp/addon binds no ${camel(name)}`);
  }
  if (addonNames) {
    for (const name of bound)
      if (!addonNames.includes(name))
        problems.push(`cpp/addon binds ${name}, but the built addon has none; it is stale`);
    for (const name of addonNames)
      if (!bound.includes(name))
        problems.push(`the built addon has ${name}, which cpp/addon does not bind; it is stale`);
  }
  return problems;
}

/** Reads the inputs from the repository. Parts that are not built are omitted and named in `absent`. */
export function inputsOf(folder = root) {
  const include = join(folder, 'cpp/include');
  const wasm = join(folder, 'dist/ewald.wasm');
  const addon = join(folder, `dist/native/${process.platform}-${process.arch}/ewald_native.node`);
  const absent = [wasm, addon].filter((file) => !existsSync(file));
  return {
    header: readFileSync(join(include, 'ewald.h'), 'utf8'),
    include: (name) => readFileSync(join(include, name), 'utf8'),
    wasm: existsSync(wasm) ? readFileSync(wasm) : undefined,
    addonSource: readdirSync(join(folder, 'cpp/addon'))
      .map((file) => readFileSync(join(folder, 'cpp/addon', file), 'utf8'))
      .join('\n'),
    addonNames: existsSync(addon) ? Object.keys(createRequire(import.meta.url)(addon)) : undefined,
    absent,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const built = join(root, 'build/esm/entries/ffi.node.js');
  if (!existsSync(built)) {
    console.error('check-abi: build/esm is not built; run node scripts/build.mjs types');
    process.exitCode = 1;
  } else {
    const inputs = inputsOf();
    const problems = checkAbi(await import(pathToFileURL(built).href), inputs);
    for (const problem of problems) console.error(`check-abi: ${problem}`);
    for (const file of inputs.absent)
      console.log(`check-abi: ${file.slice(root.length + 1)} is not built, so it was not compared`);
    if (problems.length > 0) process.exitCode = 1;
    else console.log('check-abi: header, wasm module and native addon agree');
  }
}
