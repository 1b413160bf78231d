// Makes the picture of fft.html in the README: `node scripts/picture.mjs`, after a build. It is not part of the
// package.
import { join } from 'node:path';
import { chromium } from 'playwright';
import { chromiumArgs, findChromium } from './lib/chromium.mjs';
import { root } from './lib/run.mjs';
import { serve } from './lib/serve.mjs';

const server = await serve(join(root, 'dist'));
const browser = await chromium.launch({ executablePath: findChromium() ?? '/usr/bin/chromium', args: chromiumArgs });
try {
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  await page.goto(`${server.url}/fft.html?sample=lattice&backend=wasm`);
  await page.waitForFunction(() => document.documentElement.dataset.state === 'ready');
  // The picture shows only the three images, without the rest of the page below them.
  await page.addStyleTag({ content: '#readout{display:none}figure{border-color:transparent}' });
  const boxes = await Promise.all((await page.locator('figure').all()).map((figure) => figure.boundingBox()));
  const [left, top] = [Math.min(...boxes.map(({ x }) => x)), Math.min(...boxes.map(({ y }) => y))];
  const [right, bottom] = [
    Math.max(...boxes.map(({ x, width }) => x + width)),
    Math.max(...boxes.map(({ y, height }) => y + height)),
  ];
  const path = join(root, 'src/pages/fft/fft.jpg');
  await page.screenshot({
    path,
    type: 'jpeg',
    quality: 62,
    clip: { x: left, y: top, width: right - left, height: bottom - top },
  });
  console.log(path);
} finally {
  await browser.close();
  await server.close();
}
