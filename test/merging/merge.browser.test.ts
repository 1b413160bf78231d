// @module-tag all: Chromium.
/**
 * A merge in a browser tab, with the shipped build: a stream with known truth reaches its expected figures with the
 * defaults.
 */
import { expect, test } from 'vitest';
import { createContext, mergeStream } from '../../dist/index.browser.js';
import { mergeReport, readReflectionList } from '../../dist/merging.js';
import { commonOf } from '../../src/merging/statistics/statistics.js';
import { correlation } from '../../src/util/correlation.js';

const data = import.meta.env.EWALD_TEST_DATA as string;
const unpacked = (name: string): Promise<Response> => fetch(`/unpacked/merge/${name}`);

test.skipIf(!data)('a stream of 300 crystals', async () => {
  const file = new File([await (await unpacked('sph.ew.stream')).arrayBuffer()], 'sph.ew.stream');
  const truth = readReflectionList(await (await unpacked('sph.truth.hkl')).text());
  const context = await createContext({ backend: 'wasm', strict: true });
  const result = await mergeStream(context, { name: file.name, bytes: file }, { symmetry: '4/mmm' });
  await context.dispose();
  const { overall } = result.statistics;
  expect(overall.ccHalf).toBeGreaterThanOrEqual(0.991);
  expect(overall.rSplit).toBeLessThanOrEqual(0.082);
  const both = commonOf(result.reflections, truth);
  expect(both.length).toBeGreaterThanOrEqual(8400);
  expect(
    correlation(
      both.map(({ first }) => first),
      both.map(({ second }) => second),
    ),
  ).toBeGreaterThanOrEqual(0.997);
  // The report is a page that parses, and its plots have a size.
  const page = document.createElement('iframe');
  page.srcdoc = mergeReport(result, { title: 'sph' });
  await new Promise((loaded) => {
    page.onload = loaded;
    document.body.append(page);
  });
  const plots = [...(page.contentDocument?.querySelectorAll('svg.chart') ?? [])];
  expect(plots.length).toBeGreaterThan(8);
  for (const plot of plots) expect(plot.getBoundingClientRect().height).toBeGreaterThan(20);
});
