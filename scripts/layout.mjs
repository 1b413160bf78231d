// Writes the generated headers, or with --check says whether they are fresh. Needs build/esm (npm run build makes it).
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cHeader, rangesHeader, searchHeader, searchShader, wgslHeader } from '../build/esm/layout/generate.js';
import { rooms } from '../build/esm/layout/rooms.js';

const check = process.argv.includes('--check');
const headers = new Map([
  ['cpp/include/generated/layout.h', cHeader()],
  ['cpp/include/generated/ranges.h', rangesHeader()],
  ['cpp/include/generated/search.h', searchHeader()],
  ['wgsl/generated/search.wgsl', searchShader()],
  ...rooms.map((room) => [`wgsl/generated/${room.name}.wgsl`, wgslHeader(room)]),
]);
let stale = 0;
const found = (path, wrong) => {
  stale++;
  if (check) console.error(`${path} ${wrong}: run npm run layout and commit it`);
  return !check;
};
for (const [path, text] of headers) {
  const url = new URL(`../${path}`, import.meta.url);
  let old = '';
  try {
    old = readFileSync(url, 'utf8');
  } catch {}
  if (old !== text && found(path, 'is stale')) {
    writeFileSync(url, text);
    console.log(`wrote ${path}`);
  }
}
for (const folder of ['cpp/include/generated', 'wgsl/generated']) {
  const url = new URL(`../${folder}/`, import.meta.url);
  for (const name of readdirSync(url)) {
    if (headers.has(`${folder}/${name}`) || !found(`${folder}/${name}`, 'has no source')) continue;
    rmSync(new URL(name, url));
    console.log(`removed ${folder}/${name}`);
  }
}
process.exitCode = check && stale ? 1 : 0;
