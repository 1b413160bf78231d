// Writes the generated layouts, or with --check says whether they are fresh. Needs build/esm (npm run build makes it).
import { readFileSync, writeFileSync } from 'node:fs';
import { cHeader, indexingHeader, indexingShader, wgslHeader } from '../build/esm/layout/generate.js';

const check = process.argv.includes('--check');
let stale = 0;
for (const [path, text] of [
  ['cpp/include/generated/layout.h', cHeader()],
  ['wgsl/generated/layout.wgsl', wgslHeader()],
  ['cpp/include/generated/indexing.h', indexingHeader()],
  ['wgsl/generated/indexing.wgsl', indexingShader()],
]) {
  const url = new URL(`../${path}`, import.meta.url);
  let old = '';
  try {
    old = readFileSync(url, 'utf8');
  } catch {}
  if (old === text) continue;
  stale++;
  if (check) console.error(`${path} is stale: run npm run layout and commit it`);
  else {
    writeFileSync(url, text);
    console.log(`wrote ${path}`);
  }
}
process.exitCode = check && stale ? 1 : 0;
