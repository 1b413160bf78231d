/** `ewald figures`: the pictures of both reports as SVG and PNG files, drawn as there. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { reportFigures } from 'ewald/pipeline';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { figureDrawer } from '../../src/report/figure-png.node.js';
import { ewaldTogether } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-figures-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ewald = (line: string) => ewaldTogether(line.split(' '), { cwd: folder });
const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
beforeAll(async () => {
  for (const line of [
    'simulate frames -o . --images 8 --size 512,512',
    'index run.h5 -g run.geom -p run.cell -o run.stream --html run.html',
    'merge run.stream -y 4/mmm --min-measurements 1 --html merge.html',
  ])
    expect((await ewald(line)).err).not.toContain('ewald:');
}, 120_000);

/** Throws for what is no well-formed XML: tags that are not closed, attributes without quotes, a stray `&` or `<`. */
function checkXml(svg: string): void {
  const open: string[] = [];
  const rest = svg.replace(
    /<!--.*?-->|<(\/?)([\w-]+)((?: [\w:-]+="[^"<]*")*)(\/?)>|&(?:amp|lt|gt|quot|#\d+);/gs,
    (_, end?: string, name?: string, __?: string, isEmpty?: string) => {
      if (name !== undefined && end) expect(open.pop()).toBe(name);
      else if (name !== undefined && !isEmpty) open.push(name);
      return '';
    },
  );
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<&]/);
}

test('the pictures of a run have names of their subjects, and are drawn as in the report', async () => {
  const { code, out, err } = await ewald('figures run.html -o pictures');
  expect([code, err]).toEqual([0, '']);
  const files = readdirSync(join(folder, 'pictures')).sort();
  expect(out.trimEnd().split('\n').sort()).toEqual(files.map((file) => join('pictures', file)));
  expect(files.filter((file) => !/^frames/.test(file))).toEqual([
    ...['cells-a.svg', 'cells-alpha.svg', 'cells-b.svg', 'cells-beta.svg', 'cells-c.svg', 'cells-gamma.svg'],
    ...['orientations-a-star.svg', 'orientations-b-star.svg', 'orientations-c-star.svg', 'powder.svg'],
    'rates-over-the-run-share-by-number-of-the-frame.svg',
  ]);
  expect(files).toContain('frames.svg');
  const report = text('run.html');
  for (const file of files) {
    const svg = text(join('pictures', file));
    checkXml(svg);
    // Programs other than browsers know neither variables nor rules of another file.
    expect(svg.replace(/href="data:[^"]*"/, ''), file).not.toMatch(/var\(|@media|NaN|undefined/);
    // Nor is there a dark page whose colours they should have.
    expect(svg, file).not.toContain('#ffb000');
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="'), file).toBe(true);
  }
  // The bars of the first histogram, one by one, and their colour.
  const [, bars = ''] = /<g class="bars">(.*?)<\/g>/.exec(report) ?? [];
  expect(bars).toContain('<rect ');
  expect(text('pictures/cells-a.svg')).toContain(bars);
  expect(text('pictures/cells-a.svg')).toMatch(/\.bars rect\{fill:#1f6feb\}/);
  expect(text('pictures/cells-a.svg')).toMatch(/>a 79\.\d+ Å, known 79\.1<\/text>/);
  const [, image = '-'] = /<h2>Powder<\/h2>.*?src="(data:[^"]+)"/s.exec(report) ?? [];
  expect(text('pictures/powder.svg')).toContain(`<image href="${image}"`);
});

test('the pictures of a merge are its curves, with a key in their colours', () => {
  const figures = reportFigures(text('merge.html'));
  const names = figures.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['by-resolution-correlation', 'by-resolution-wilson-plot']));
  expect(new Set(names).size).toBe(names.length);
  for (const { svg } of figures) checkXml(svg);
  const { svg = '', caption } = figures[0] ?? {};
  expect(caption).toBe('Correlation CC1/2 CC*');
  expect(svg).toMatch(/<tspan fill="#1f6feb">— CC1\/2<\/tspan> <tspan fill="#d9480f">— CC\*<\/tspan>/);
});

test('files are replaced if they are figures, and never otherwise', { tags: 'all' }, async () => {
  expect((await ewald('figures merge.html -o again')).code).toBe(0);
  expect((await ewald('figures merge.html -o again')).code).toBe(0);
  writeFileSync(join(folder, 'again', 'by-resolution-rsplit.svg'), '<svg/>');
  const { code, err } = await ewald('figures merge.html -o again --json');
  expect([code, err]).toEqual([2, expect.stringMatching(/by-resolution-rsplit\.svg exists and does not say that/)]);
  expect(text('again/by-resolution-rsplit.svg')).toBe('<svg/>');
  const { out } = await ewald('figures merge.html -o again --json --force');
  expect(JSON.parse(out)[0]).toEqual({
    name: 'by-resolution-correlation',
    caption: 'Correlation CC1/2 CC*',
    file: join('again', 'by-resolution-correlation.svg'),
  });
});

/** The pixels of a PNG of 8 bits, [height, width, 4], and its texts. */
function decoded(file: Uint8Array): { width: number; height: number; pixels: Uint8Array; texts: string[] } {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const packed: Uint8Array[] = [];
  const texts: string[] = [];
  for (let at = 8; at < file.length; at += 12 + view.getUint32(at)) {
    const data = file.subarray(at + 8, at + 8 + view.getUint32(at));
    const type = new TextDecoder().decode(file.subarray(at + 4, at + 8));
    if (type === 'IDAT') packed.push(data);
    if (type === 'tEXt') texts.push(new TextDecoder().decode(data));
  }
  const rows = inflateSync(Buffer.concat(packed));
  const pixels = new Uint8Array(4 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < 4 * width; x++) {
      const to = 4 * width * y + x;
      const left = x < 4 ? 0 : (pixels[to - 4] as number);
      const above = y === 0 ? 0 : (pixels[to - 4 * width] as number);
      const corner = x < 4 || y === 0 ? 0 : (pixels[to - 4 * width - 4] as number);
      const [p, q, r] = [above - corner, left - corner, left + above - 2 * corner].map(Math.abs) as [
        number,
        number,
        number,
      ];
      const paeth = p <= q && p <= r ? left : q <= r ? above : corner;
      const from = (4 * width + 1) * y;
      const predicted = [0, left, above, (left + above) >> 1, paeth][rows[from] as number] as number;
      pixels[to] = (rows[from + 1 + x] as number) + predicted;
    }
  return { width, height, pixels, texts };
}

test('PNG files have the pictures of the SVG files, at twice their size', { tags: 'nightly' }, async () => {
  const { code, out, err } = await ewald('figures run.html --png images -o both --json');
  expect([code, err]).toEqual([0, '']);
  const written = JSON.parse(out) as { name: string; file: string }[];
  const svgs = written.filter(({ file }) => file.endsWith('.svg'));
  expect(written.map(({ file }) => file)).toEqual([
    ...svgs.map(({ name }) => join('both', `${name}.svg`)),
    ...svgs.map(({ name }) => join('images', `${name}.png`)),
  ]);
  const svg = text('both/cells-a.svg');
  const [, wide = 0, tall = 0] = (/ width="(\d+)" height="(\d+)"/.exec(svg) ?? []).map(Number);
  const { width, height, pixels, texts } = decoded(readFileSync(join(folder, 'images', 'cells-a.png')));
  expect([width, height]).toEqual([2 * wide, 2 * tall]);
  expect(texts).toEqual(['Software\0ewald figures']);
  // The bars cover as many pixels as they say.
  const [, bars = ''] = /<g class="bars">(.*?)<\/g>/.exec(svg) ?? [];
  const areas = [...bars.matchAll(/width="([\d.]+)" height="([\d.]+)"/g)].map(([, w, h]) => Number(w) * Number(h));
  const scale = width / Number(/viewBox="\S+ \S+ (\S+)/.exec(svg)?.[1]);
  const expected = areas.reduce((sum, area) => sum + area, 0) * scale ** 2;
  let blue = 0;
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i] === 0x1f && pixels[i + 1] === 0x6f) blue++;
  // The line at the known cell covers a part of them, and their edges are mixed.
  expect(blue).toBeGreaterThan(0.7 * expected);
  expect(blue).toBeLessThan(1.02 * expected);
});

test('PNG files alone are written without SVG files, and replaced only if they are figures', {
  tags: 'all',
}, async () => {
  expect((await ewald('figures merge.html --png alone')).code).toBe(0);
  expect((await ewald('figures merge.html --png alone')).code).toBe(0);
  expect(readdirSync(join(folder, 'alone')).every((name) => name.endsWith('.png'))).toBe(true);
  const theirs = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(99)]);
  writeFileSync(join(folder, 'alone', 'by-resolution-rsplit.png'), theirs);
  const { code, err } = await ewald('figures merge.html --png alone');
  expect([code, err]).toEqual([2, expect.stringMatching(/by-resolution-rsplit\.png exists and does not say that/)]);
});

test('without what draws PNG files, the error says what to install', async () => {
  vi.doMock('../../src/util/optional.js', () => ({
    importOptional: () =>
      Promise.reject(Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })),
  }));
  vi.resetModules();
  const { figureDrawer: withoutIt } = await import('../../src/report/figure-png.node.js');
  vi.doUnmock('../../src/util/optional.js');
  await expect(withoutIt()).rejects.toMatchObject({
    tag: 'Load',
    message: expect.stringMatching(
      /is not installed; install it: npm install @resvg\/resvg-js\. SVG files need nothing/,
    ),
  });
  expect(await figureDrawer()).toBeTypeOf('function');
});

test.for([
  ['-o all.png', /--output is "all\.png"; expected a folder, in which each picture is a file|-o is "all\.png"/],
  ['--png all.svg', /--png is "all\.svg"; expected a folder/],
] as const)('%s is no folder', async ([words, message]) => {
  const { code, err } = await ewald(`figures merge.html ${words}`);
  expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  expect(readdirSync(folder).filter((name) => name.startsWith('all'))).toEqual([]);
});

test.for([
  ['run.geom', 1, /run\.geom has no pictures; expected a file that --html of ewald index or ewald merge wrote/],
  ['absent.html', 1, /absent\.html cannot be read: there is no such file/],
  ['page.html', 1, /page\.html is no report of ewald/],
] as const)('%s is refused', async ([name, itsCode, message]) => {
  writeFileSync(join(folder, 'page.html'), '<!doctype html>\n<h2>A</h2><svg viewBox="0 0 1 1"><g/></svg>');
  const { code, err } = await ewald(`figures ${name}`);
  expect([code, err]).toEqual([itsCode, expect.stringMatching(message)]);
});

test('hostile texts are refused with a tag', () => {
  for (const wrong of [undefined, 3, {}, [1, 2]])
    expect(() => reportFigures(wrong as never)).toThrow(expect.objectContaining({ tag: 'Argument' }));
  const begin = '<!doctype html>\n<!-- Written by ewald index. -->';
  for (const wrong of ['', begin, `${begin}<h2>A</h2>`, `${begin}<svg `, `${begin}${'<figure>'.repeat(2000)}`])
    expect(() => reportFigures(wrong)).toThrow(expect.objectContaining({ tag: 'Format' }));
});

test.for([
  '<script>alert(1)</script>',
  '<rect onload="alert(1)"/>',
  '<a href="javascript:alert(1)"><text>x</text></a>',
  '<image href="http://127.0.0.1/x.png"/>',
  '<foreignObject/>',
  '<svg:script xmlns:svg="http://www.w3.org/2000/svg">alert(1)</svg:script>',
  '<style>@import url(//127.0.0.1/a.css)</style>',
  '<rect style="fill:url(//127.0.0.1/b)"/>',
  '<rect fill="url(//127.0.0.1/b)"/>',
  '<handler type="text/javascript">alert(1)</handler>',
])('a report with a picture that was made to act is refused: %s', (inner) => {
  const picture = (inside: string, caption = ''): string =>
    `<!doctype html>\n<!-- Written by ewald index. --><h2>A${caption}</h2><svg viewBox="0 0 9 9">${inside}</svg></html>`;
  expect(() => reportFigures(picture(inner))).toThrow(/changed after it was written/);
  expect(() => reportFigures(picture('', inner))).toThrow(/changed after it was written/);
  expect(reportFigures(picture('<text class="curl">one = 2</text>'))).toHaveLength(1);
});

test('a report that was cut gives no pictures', async () => {
  const whole = text('run.html');
  const last = whole.lastIndexOf('</svg>');
  for (const cut of [whole.slice(0, Math.floor(0.7 * whole.length)), whole.slice(0, last) + whole.slice(last + 6)]) {
    writeFileSync(join(folder, 'cut.html'), cut);
    const { code, err } = await ewald('figures cut.html -o none');
    expect([code, err]).toEqual([1, expect.stringMatching(/cut\.html was cut or changed/)]);
  }
  expect(readdirSync(folder)).not.toContain('none');
});

test('pictures of which one cannot be written are all absent, with the folder that was made for them', async () => {
  mkdirSync(join(folder, 'taken/by-resolution-rsplit.svg'), { recursive: true });
  for (const [words, files] of [
    ['figures merge.html -o taken --force', ['by-resolution-rsplit.svg']],
    ['figures merge.html -o fresh --png merge.html', undefined],
  ] as const) {
    const { code, out } = await ewald(words);
    expect([code === 0, out], words).toEqual([false, '']);
    if (files) expect(readdirSync(join(folder, 'taken'))).toEqual(files);
    else expect(readdirSync(folder)).not.toContain('fresh');
  }
});
