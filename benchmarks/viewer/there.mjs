#!/usr/bin/env node
// `node benchmarks/viewer/there.mjs`: a scan that is computed where its files are, in Chromium over 2 MB/s and 40 ms there and
// back: the first picture of 18 GB (a sparse file), and a detector that is dragged there and in the tab, with bytes a picture.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { serveView } from '../../dist/view.node.js';
import { chromiumArgs, findChromium } from '../../scripts/lib/chromium.mjs';
import { slowNetwork } from '../../test/support/slow-network.mjs';
import { record } from '../lib/lines.mjs';

const print = (what, value, unit, aim) => {
  record({ what, value, unit, aim, most: true });
  const judged = aim === undefined ? '    ' : value <= aim ? 'pass' : 'MISS';
  process.stdout.write(
    `  ${judged}  ${what}: ${value.toFixed(1)} ${unit}${aim === undefined ? '' : ` (aim at most ${aim})`}\n`,
  );
};
const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-there-'));
const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumArgs });

/** Opens a scan of zeros, or of noise, and measures; `isSlow`: over the slow network. */
async function measure([rows, columns, n], { compute, isSlow, memory, drags = 0 }) {
  const file = join(folder, `scan-${rows}-${n}.raw`);
  const bytes = 2 * rows * columns * n * n;
  if (bytes > 2 ** 31) {
    writeFileSync(file, '');
    truncateSync(file, bytes);
  } else
    writeFileSync(
      file,
      Uint16Array.from({ length: bytes / 2 }, () => 20 * Math.random() ** 2),
    );
  const how = {
    dtype: 'u16',
    sigShape: [n, n],
    navShape: [rows, columns],
    compute,
    ...(memory !== undefined && { memory }),
  };
  const { url, close } = await serveView([file], how);
  const network = isSlow ? await slowNetwork(url) : undefined;
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  const name = `${rows} × ${columns} × ${n} × ${n}, ${compute}${isSlow ? ', 2 MB/s and 40 ms' : ''}`;
  try {
    const start = performance.now();
    await page.goto(network?.url ?? url);
    await page.waitForFunction(() => globalThis.scan?.image !== undefined, undefined, { timeout: 120_000 });
    print(`first picture, ${name}`, performance.now() - start, 'ms', bytes > 2 ** 34 ? 3000 : undefined);
    if (drags === 0) return;
    await page.waitForFunction(() => globalThis.scan.idle, undefined, { timeout: 120_000 });
    await page.evaluate(() => globalThis.scan.change({ outer: 8 }));
    const before = network?.counted.bytes ?? 0;
    const times = await page.evaluate(async (count) => {
      const found = [];
      for (let k = 0; k < count; k++) {
        const from = performance.now();
        await globalThis.scan.change({ cx: globalThis.scan.shape.cx + 1 });
        found.push(performance.now() - from);
      }
      return found.sort((a, b) => a - b);
    }, drags);
    print(
      `a detector dragged by a pixel, ${name}, median`,
      times[drags >> 1],
      'ms',
      compute === 'there' ? 150 : undefined,
    );
    if (network) print(`bytes a picture, ${name}`, (network.counted.bytes - before) / drags / 1000, 'kB', 300);
  } finally {
    await page.close();
    network?.close();
    await close();
  }
}

try {
  await measure([512, 512, 192], { compute: 'there', isSlow: true, memory: 0 });
  for (const isSlow of [true, false]) await measure([512, 512, 24], { compute: 'there', isSlow, drags: 9 });
  await measure([512, 512, 24], { compute: 'here', isSlow: false, drags: 9 });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
