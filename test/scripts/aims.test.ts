// @module-tag house: registers of benchmarks.
/** The report of all benchmarks says what was measured, and lists each missed aim once, with its reason. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { reasonOf } from '../../benchmarks/lib/missed.mjs';
import { reportOf } from '../../benchmarks/lib/report.mjs';

interface Section {
  readonly title: string;
  readonly lines: readonly { readonly what: string }[];
}
const { sections } = JSON.parse(readFileSync('benchmarks/results/report.json', 'utf8')) as {
  readonly sections: Readonly<Record<string, Section>>;
};
const page = readFileSync('benchmarks/results/REPORT.md', 'utf8');

/** Lines whose reason is unknown; one that gets a reason is removed here. */
const unexplained: readonly string[] = [];

test('the report is made of the results beside it', () => {
  expect(page).toBe(reportOf(sections as never));
});

/** The lines that the report lists as missed, each with its section. */
const [, list = ''] = /\n\nMissed:\n\n([\s\S]*?)\n\n## /.exec(page) ?? [];
const listed = list.split('\n').flatMap((line) =>
  line
    .slice(2)
    .replace(/\. \*.*$/, '')
    .split('; '),
);

test('as many aims are listed as are missed, each once', () => {
  const [, met, all] = /^(\d+) of (\d+) aims are met\.$/m.exec(page) ?? [];
  expect(listed).toHaveLength(Number(all) - Number(met));
  expect(new Set(listed).size).toBe(listed.length);
});

test('every missed aim has a reason, but for those named here', () => {
  const missed = Object.entries(sections).flatMap(([name, section]) =>
    section.lines
      .filter(({ what }) => listed.includes(`${section.title}: ${what}`))
      .map(({ what }) => [`${name}: ${what}`, reasonOf(name, what)] as const),
  );
  expect(missed).toHaveLength(listed.length);
  expect(missed.filter(([, reason]) => reason === undefined).map(([line]) => line)).toEqual(unexplained);
});
