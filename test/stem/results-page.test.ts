/** The page of results: what it holds is what was computed, whatever it is called and however large it is. */
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { NamedResult } from '../../src/stem/output/named-results.js';
import { resultsPage, type StoredPage } from '../../src/stem/output/results-page.js';

const about = {
  input: 'scan.npy',
  shape: [3, 4, 8, 8],
  dtype: 'u16',
  stepNm: 0.5,
  analyses: [{ name: 'com', parameters: {} }],
};
const script = 'document.title = "</script>";';

async function pageOf(results: readonly NamedResult[], maxBytes = 20e6, notes: readonly string[] = []) {
  const { html, lacks } = await resultsPage({
    results,
    about,
    notes,
    command: 'ewald run com scan.npy',
    maxBytes,
    script,
  });
  const [, text = ''] = /<script type="application\/json" id="stored">([\s\S]*)<\/script>\n/.exec(html) ?? [];
  return { html, lacks, stored: JSON.parse(text) as StoredPage };
}

const bytesIn = (numbers = ''): Buffer => inflateSync(Buffer.from(numbers, 'base64'));

/** Numbers from −.5 to .5 that do not shrink when they are packed. */
let state = 20261130;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + Math.sin(state)) / 2 ** 32;
}
const noise = (count: number): Float64Array => Float64Array.from({ length: count }, () => random() - 0.5);
const map = (
  name: string,
  data: NamedResult['data'],
  dtype: NamedResult['dtype'],
  more: Partial<NamedResult> = {},
): NamedResult => ({
  ...{ name, shape: [3, 4], dtype, data, navAxes: 2 },
  ...more,
});

describe('a page of results', () => {
  test('holds each number as it was computed, with type, axes and unit', async () => {
    const results = [
      map('f64', Float64Array.of(...noise(11), Number.NaN), 'f64', { unit: 'counts', log: true }),
      map('f32', Float32Array.from(noise(12)), 'f32'),
      map(
        'wide',
        BigInt64Array.from({ length: 12 }, (_, i) => 2n ** 62n + BigInt(i)),
        'i64',
      ),
      map(
        'yes',
        Uint8Array.from({ length: 12 }, (_, i) => i % 2),
        'bool',
      ),
      map('wave', noise(24), 'c128'),
      map('field', noise(24), 'f64', { shape: [3, 4, 2], vectors: true }),
      map(
        'sum',
        Uint32Array.from({ length: 64 }, (_, i) => i),
        'u32',
        { shape: [8, 8], navAxes: 0, axes: ['sig_y', 'sig_x'] },
      ),
    ];
    const { stored, lacks, html } = await pageOf(results, 20e6, ['a note <b>']);
    expect(lacks).toEqual([]);
    for (const [i, { data }] of results.entries()) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      expect(bytesIn(stored.results[i]?.numbers).equals(bytes), results[i]?.name).toBe(true);
    }
    expect(stored.results.map(({ type }) => type)).toEqual(['<f8', '<f4', '<i8', '|b1', '<f8', '<f8', '<u4']);
    expect(stored.results.map(({ pairs }) => pairs)).toEqual([...Array(4), 'complex', 'vectors', undefined]);
    const scan = ['scan_y', 'scan_x'].map((name, i) => ({ name, length: 3 + i, first: 0, step: 0.5, unit: 'nm' }));
    for (const { axes } of stored.results.slice(0, 6)) expect(axes).toEqual(scan);
    expect(stored.results[0]).toMatchObject({ unit: 'counts', log: true, scanAxes: 2 });
    expect(stored).toMatchObject({ command: 'ewald run com scan.npy', notes: ['a note <b>'], about });
    // Nothing is loaded: the policy allows no address, and there is none.
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/(?:src|href)=/);
  });

  test('ends no element early, whatever results and inputs are called', async () => {
    const names = ['</script><img src=x>', '<!--', ']]>', '"&<\'', '\u2028'];
    const results = names.map((name) => map(name, noise(12), 'f64'));
    const { html, stored } = await pageOf(results);
    expect(stored.results.map(({ name }) => name)).toEqual(names);
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html).not.toMatch(/<img|<!--/);
  });

  test('is at most as large as allowed: rounds the largest results, then leaves them out, and says so', async () => {
    const results = [
      map('small', noise(12), 'f64'),
      map('large', noise(40_000), 'f64', { shape: [200, 200], navAxes: 0 }),
      map(
        'huge',
        Float64Array.from(noise(40_000), (value) => value * 1e300),
        'f64',
        { shape: [200, 200], navAxes: 0 },
      ),
    ];
    const whole = await pageOf(results);
    expect([whole.lacks, whole.html.length > 800_000]).toEqual([[], true]);
    for (const maxBytes of [700_000, 500_000, 300_000, 100_000, 30_000]) {
      const { html, lacks, stored } = await pageOf(results, maxBytes);
      expect(html.length, String(maxBytes)).toBeLessThanOrEqual(maxBytes);
      expect(lacks.length).toBeGreaterThan(0);
      for (const [i, { numbers, remark, type, name }] of stored.results.entries()) {
        const exact = results[i]?.data as Float64Array;
        if (remark === undefined) expect(bytesIn(numbers).equals(Buffer.from(exact.buffer))).toBe(true);
        else expect(lacks).toContain(`${name}: ${remark}`);
        // What 4 bytes cannot hold is left out, not infinite.
        if (type === '<f4') expect(bytesIn(numbers).equals(Buffer.from(Float32Array.from(exact).buffer))).toBe(true);
        if (name === 'huge') expect(type).toBe('<f8');
      }
      expect(stored.results[0]?.remark).toBeUndefined();
    }
  });
});
