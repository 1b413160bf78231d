/** `ewald figures`: the pictures of both reports as SVG files, drawn as there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportFigures } from 'ewald/pipeline';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

test('files are replaced if they are figures, and never otherwise', async () => {
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
  for (const wrong of [undefined, 3, {}, new Uint8Array(3)])
    expect(() => reportFigures(wrong as never)).toThrow(expect.objectContaining({ tag: 'Argument' }));
  const begin = '<!doctype html>\n<!-- Written by ewald index. -->';
  for (const wrong of ['', begin, `${begin}<h2>A</h2>`, `${begin}<svg `, `${begin}${'<figure>'.repeat(2000)}`])
    expect(() => reportFigures(wrong)).toThrow(expect.objectContaining({ tag: 'Format' }));
});
