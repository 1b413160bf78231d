/** All laws, over the package in a folder: dist/, or a changed copy of it. */
import { pathToFileURL } from 'node:url';
import { cLaws } from './c.mjs';
import { errorLaws } from './errors.mjs';
import { fileLaws } from './files.mjs';
import { limitLaws } from './limits.mjs';
import { listLaws } from './lists.mjs';
import { mergeLaws } from './merges.mjs';
import { rowLaws } from './rows.mjs';
import { runLaws } from './runs.mjs';
import { scanLaws } from './scans.mjs';
import { shellLaws } from './shell.mjs';
import { transformLaws } from './transforms.mjs';

const opened = [];

/** The rows. Each gets the entries of the package by their names. */
export async function openLaws(folder = new URL('../../dist', import.meta.url)) {
  const base = folder instanceof URL ? folder.href : pathToFileURL(folder).href;
  const entry = (name) => import(`${base}/${name}.js`);
  const ewald = { ...(await entry('merging')), ...(await entry('index.node')) };
  const context = await ewald.createContext({ backend: 'wasm', log: { level: 'error' } });
  const udf = await entry('udf.node');
  const scans = new udf.Context({ context: { backend: 'wasm' } });
  opened.push(context, scans);
  const place = {
    ewald,
    context,
    udf,
    data: await entry('data.node'),
    shell: await entry('shell.node'),
    executors: await entry('executors.node'),
    ffi: await entry('ffi.node'),
    memory: await entry('memory'),
    folder: base,
    contexts: { udf: scans },
  };
  return [
    ...listLaws(place),
    ...rowLaws(place),
    ...mergeLaws(place),
    ...runLaws(place),
    ...fileLaws(place),
    ...scanLaws(place),
    ...limitLaws(place),
    ...(await shellLaws(place)),
    ...transformLaws(place),
    ...(await cLaws(place)),
    ...errorLaws(place),
  ];
}

/** Ends what was opened. */
export async function closeLaws() {
  for (const one of opened.splice(0)) await one.dispose();
}
