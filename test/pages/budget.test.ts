/** The bytes that a browser loads before it shows the page of the viewer, as the server sends them. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createContext } from 'ewald';
import { selectRows, validate } from 'ewald/validate';
import { describe, expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const text = (file: string): string => readFileSync(dist + file, 'utf8');
const sent = (file: string): number => statSync(`${dist}${file}.br`).size;

/** A script with the scripts that it imports when it starts. */
function closure(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, next = ''] of text(file).matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) closure(next, found);
  return found;
}

describe('a page of the viewer', () => {
  const html = text('view.html');
  const styles = [...html.matchAll(/href="([\w-]+\.css)"/g)].map(([, file]) => file as string);
  const sum = (files: Iterable<string>): number => [...files].reduce((bytes, file) => bytes + sent(file), 0);

  test('appears after at most 41 kB', () => {
    // The controls of frames and scans; tools, charts and forms are loaded when they are needed.
    expect(styles.length).toBeGreaterThan(0);
    const files = ['view.html', ...styles, ...closure('view-page.js')];
    expect(sum(files), files.join(' ')).toBeLessThanOrEqual(41_000);
  });

  test('its worker, with all that it imports at its start, and the module of the codecs take at most 208 kB more', () => {
    // What a file and a scan need, with what is said of damaged ones; the whole core, 228 kB, is loaded by the first search.
    const files = [...closure('view-worker.js'), 'ewald-frames.wasm'];
    expect(sum(files), files.join(' ')).toBeLessThanOrEqual(208_000);
    expect(sent('ewald.wasm')).toBeLessThanOrEqual(228_000);
  });

  test('its scripts are minified, and those of the package are not', { tags: 'house' }, () => {
    const widest = (file: string): number =>
      Math.max(
        ...text(file)
          .split('\n')
          .map((line) => line.length),
      );
    for (const file of closure('view-worker.js')) expect(text(file).split('\n').length, file).toBeLessThan(400);
    expect(text('index.node.js').split('\n').length).toBeGreaterThan(20);
    expect(widest('index.node.js')).toBeLessThan(1000);
    expect(closure('view-page.js')).not.toContain('index.browser.js');
  });
});

test('every picture of the README exists, is in the package, and is small', { tags: 'house' }, () => {
  const packed = JSON.parse(text('../package.json')).files as string[];
  const pictures = [...text('../README.md').matchAll(/!\[[^\]]+\]\((src[^)]+\.jpg)\)/g)].map(
    ([, file]) => file as string,
  );
  expect(pictures).toContain('src/pages/view/view.jpg');
  for (const file of pictures) {
    expect(packed).toContain(file);
    expect(statSync(`${dist}../${file}`).size, file).toBeLessThan(120_000);
  }
});

test('every page of the package is linked from the others, and loads nothing inline', () => {
  const pages = ['index.html', 'view.html', 'validate.html'];
  for (const page of pages) {
    const html = text(page);
    for (const other of pages) if (other !== page) expect(html, page).toContain(`href="${other}"`);
    // The content security policy of the server refuses inline scripts and styles.
    expect(html, page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
    for (const [, file = ''] of html.matchAll(/(?:href|src)="([\w-]+\.(?:css|js))"/g))
      expect(existsSync(dist + file), file).toBe(true);
  }
});

test('a validation of limited time takes rows of all rooms in turn', { tags: 'all', timeout: 60_000 }, async () => {
  const ids = ['pi:*', 'arrays:*'];
  const seen: string[] = [];
  const report = await validate({
    createContext,
    ids,
    backends: ['wasm'],
    seconds: 1e6,
    onResult: ({ id }) => seen.push(id.split(':')[0] as string),
  });
  const [first, second] = seen;
  expect(new Set([first, second])).toEqual(new Set(['pi', 'arrays']));
  expect(seen.slice(2, 4)).toEqual([first, second]);
  expect(seen).toHaveLength(selectRows(ids).length);
  expect(report.left).toBe(0);
  const none = await validate({ createContext, ids, backends: ['wasm'], seconds: 0 });
  expect(none.rows.length + none.left).toBe(selectRows(ids).length);
  expect(none.left).toBeGreaterThan(0);
  // A case that would take longer than the rest of the time is not started.
  const [long] = selectRows(['fft:*']).toSorted((a, b) => b.cost - a.cost);
  const short = { createContext, ids: [long?.id ?? ''], backends: ['wasm' as const], budget: 1e6 };
  expect(await validate({ ...short, seconds: (long?.cost ?? 0) / 2 })).toMatchObject({ rows: [], left: 1 });
  await expect(validate({ createContext, ids, seconds: -1 })).rejects.toThrow(/seconds/);
});
