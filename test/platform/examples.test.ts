// @module-tag all: Chromium.
/** The examples of frames in Node and in a page, with the packed package and simulated frames. */
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { chromiumArgs } from '../../scripts/lib/chromium.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { startChromium } from '../support/chromium.js';
import { installed, node, projectOf, root } from './support.js';

let project = '';
beforeAll(async () => {
  project = projectOf({});
  for (const folder of ['page', 'stream']) cpSync(join(root, 'examples', folder), project, { recursive: true });
  const words = ['simulate', 'frames', '-o', 'data', '--images', '3'];
  const { code, err } = await node([join(installed, 'node_modules/ewald/dist/cli.js'), ...words], { cwd: project });
  expect(code, err).toBe(0);
});

const data = ['run.h5', 'run.geom', 'run.cell'].map((name) => `data/${name}`);
/** The chunks of a stream, without its head, which names the program and the files. */
const chunks = (stream: string): string[] => [...stream.matchAll(/^num_reflections = .*$/gm)].map(([line]) => line);

test('frames-to-stream.mjs and the page write the same stream', { tags: 'nightly' }, async () => {
  const { code, out, err } = await node(['frames-to-stream.mjs', ...data, 'run.stream'], { cwd: project });
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toBe('3 frames, 3 crystals in run.stream\n');
  const written = readFileSync(join(project, 'run.stream'), 'utf8');
  expect(chunks(written)).toHaveLength(3);

  const server = await serve(installed);
  const browser = await startChromium(chromiumArgs);
  try {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', ({ message }) => faults.push(message));
    await page.goto(`${server.url}/${basename(project)}/index.html`);
    await page.setInputFiles(
      '#files',
      data.map((name) => join(project, name)),
    );
    await page.getByText('Finished.').waitFor({ timeout: 60_000 });
    expect(await page.locator('tr').count()).toBe(3);
    expect(await page.locator('tr', { hasText: '1 crystals' }).count()).toBe(3);
    const inPage = await page.evaluate(async () => {
      const { href } = document.querySelector('#status a') as HTMLAnchorElement;
      return (await fetch(href)).text();
    });
    expect(chunks(inPage)).toEqual(chunks(written));
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
  }
});

/** Examples that need something, and what they say without it. */
const needs: Readonly<Record<string, RegExp>> = {
  'cluster/submit.mjs': /^this example needs a cluster: .*npm install @nats-io.*\n$/,
  'udf/cluster.mjs': /^this example needs a cluster: .*npm install @nats-io.*\n$/,
  'live/live.mjs': /^this example needs a detector: .*npm install zeromq.*\n$/,
  'mpi/transform.mjs': /^this example needs MPI: .*\n$/,
  'udf/wasm.mjs': /^this example needs clang, .*\n$/,
  'heffte/gpu.mjs': /^webgpu is not here: .*\n$/,
  'heffte/rocm.mjs': /^rocFFT is not here: .*\n$/,
};
// The project examples/pi compiles C and Fortran, and is not in the package.
const programs = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.mjs') && !file.startsWith('pi/'))
  .sort();

// Those of udf/ are run by test/udf/examples.test.ts as well.
for (const file of programs)
  test(`${file} simulates its data, or says in one line what it needs`, {
    tags: file.startsWith('udf/') ? 'nightly' : 'all',
  }, async () => {
    const alone = projectOf({});
    cpSync(join(root, 'examples', dirname(file)), join(alone, dirname(file)), {
      recursive: true,
      filter: (path) => !path.endsWith('.wasm'),
    });
    // No compiler, no launcher, no library of another vendor.
    const { code, out, err } = await node([file], { cwd: alone, env: { PATH: '', EWALD_ENGINE_ROCFFT: '/nothing' } });
    expect([code, err]).toEqual([0, '']);
    if (needs[file]) expect(out).toMatch(needs[file]);
  });

test('the page has at most 60 lines with its worker', { tags: 'house' }, () => {
  const lines = ['index.html', 'worker.js'].flatMap((name) =>
    readFileSync(join(root, 'examples/page', name), 'utf8')
      .trim()
      .split('\n'),
  );
  expect(lines.length).toBeLessThanOrEqual(60);
});
