// Prints the support matrix, feature × backend × place, by running a small example of every feature in Node, in a
// Chromium window and in a Chromium worker. `--json` prints it as JSON; EWALD_REQUIRE=wasm,webgpu makes absence an
// error.
import { createContext } from '../dist/index.node.js';
import { parseRequire, supportTable } from '../dist/validate.js';
import { chromiumArgs, findChromium, softwareVulkan } from './lib/chromium.mjs';
import { root } from './lib/run.mjs';
import { complain, paint } from './lib/say.mjs';
import { serve } from './lib/serve.mjs';

Object.assign(process.env, softwareVulkan());

const inPage = ['webgpu', 'wasm'];
const places = [
  ['Node', () => supportTable(createContext)],
  ['browser window', () => inChromium((page, names) => page.evaluate(runHere, names))],
  ['browser worker', () => inChromium((page, names) => page.evaluate(runInWorker, names))],
];

// These two functions run in the page.
async function runHere(names) {
  const [{ createContext }, { supportTable }] = await Promise.all([
    import('/index.browser.js'),
    import('/validate.js'),
  ]);
  return supportTable(createContext, names);
}
async function runInWorker(names) {
  const source = `import { createContext } from '${location.origin}/index.browser.js'; import { supportTable } from '${location.origin}/validate.js';
    supportTable(createContext, ${JSON.stringify(names)}).then((table) => postMessage(table), (error) => postMessage(String(error)));`;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), { type: 'module' });
  const answer = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.terminate();
  if (typeof answer === 'string') throw new Error(answer);
  return answer;
}

async function inChromium(work) {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('no Chromium was found; set CHROMIUM to its path');
  const { chromium } = await import('playwright');
  const server = await serve(`${root}/dist`);
  const browser = await chromium.launch({ executablePath, args: chromiumArgs });
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/blank.html`);
    return await work(page, inPage);
  } finally {
    await browser.close();
    await server.close();
  }
}

const required = parseRequire(process.env.EWALD_REQUIRE);
const table = [];
for (const [place, run] of places) {
  try {
    for (const cell of await run()) table.push({ place, ...cell });
  } catch (error) {
    for (const backend of inPage) table.push({ place, feature: '*', backend, outcome: 'absent', why: error.message });
  }
}

if (process.argv.includes('--json')) console.log(JSON.stringify(table));
else {
  const marks = {
    works: paint('green', 'works  '),
    refused: paint('yellow', 'refused'),
    absent: paint('dim', 'absent '),
    fails: paint('red', 'FAILS  '),
  };
  const notes = [];
  for (const { place, feature, backend, outcome, why } of table) {
    let note = '';
    if (why) {
      if (!notes.includes(why)) notes.push(why);
      note = ` [${notes.indexOf(why) + 1}]`;
    }
    console.log(`${place.padEnd(15)} ${feature.padEnd(9)} ${backend.padEnd(14)} ${marks[outcome]}${note}`);
  }
  for (const [i, why] of notes.entries()) console.log(paint('dim', `[${i + 1}] ${why}`));
}
const wrong = table.filter(
  ({ outcome, backend }) => outcome === 'fails' || (outcome === 'absent' && required.includes(backend)),
);
if (wrong.length > 0) {
  complain(
    'matrix',
    wrong.map(({ place, feature, backend, outcome }) => `${feature} on ${backend} in ${place}: ${outcome}`).join('; '),
  );
  process.exitCode = 1;
}
