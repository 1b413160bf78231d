/**
 * The size of functions: none longer than a screen or two, none with more parameters than a caller can keep apart, and
 * no literal spread into another one. What is longer or wider is listed here, with the reason; a function that has been
 * split leaves the list.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ts = createRequire(import.meta.url)('typescript-5.4') as typeof import('typescript-5.4');
type Node = import('typescript-5.4').Node;

const mostLines = 80;
const mostParameters = 6;

const unsplit = 'not yet divided into steps';
const positional = 'not yet given a record';

/** Functions of more than 80 lines. */
const long: Readonly<Record<string, string>> = {
  'apps/cli/index-lists.ts run': unsplit,
  'apps/pages/view/operations.ts operations': unsplit,
  'io/data/checksums/md5.ts rounds': 'the steps of MD5, unrolled so that engines keep the four words in registers',
  'io/data/formats/cbf-axes.ts panelsOf': unsplit,
  'io/data/formats/cbf.ts openSections': unsplit,
  'io/data/formats/mrc.ts readHeader': unsplit,
  'io/data/formats/ser.ts openSer': unsplit,
  'io/data/frames.ts #readRuns': unsplit,
  'io/data/hdf5/chunk-arrays.ts extensibleLookup': unsplit,
  'io/data/hdf5/fractal-heap.ts fractalHeap': unsplit,
  'io/data/hdf5/frames.ts openWith': unsplit,
  'io/data/hdf5/metadata.ts readMetadata': unsplit,
  'io/data/hdf5/peak-lists.ts readPeakLists': unsplit,
  'io/data/hdf5/storage.ts chunkedReader': unsplit,
  'io/data/hdf5/virtual.ts virtualReader': unsplit,
  'io/data/series.ts openSeries': unsplit,
  'io/data/sources/file.ts sourceOver': unsplit,
  'serial/indexing/kernels/webgpu/indexing.ts #prepare': unsplit,
  'serial/indexing/stream.ts streamImages': unsplit,
  'serial/merging/hdf5-run.ts readRunFile': unsplit,
  'serial/merging/make-result.ts makeResult': unsplit,
  'serial/merging/run.ts runMerge': unsplit,
  'serial/merging/statistics.ts mergeStatistics': unsplit,
  'serial/peaks/kernels/webgpu/peaks.ts planPeaks': unsplit,
  'serial/peaks/peaks.ts planPeaks': unsplit,
  'serial/pipeline/refinement/refine-geometry.ts #normal': unsplit,
  'serial/pipeline/run.ts runFrames': unsplit,
  'serial/pipeline/run.ts runPipeline': unsplit,
  'serial/pipeline/search-all.ts searchAll': unsplit,
  'serial/pipeline/sinks/hdf5.ts hdf5Sink': unsplit,
  'serial/pipeline/sources/stream.ts indexStream': unsplit,
  'serial/report/page.ts reportPage': unsplit,
  'whole/assembly/serve.ts serve': unsplit,
};

/** Functions of more than six parameters. */
const wide: Readonly<Record<string, string>> = {
  'io/data/hdf5/virtual.ts readPart': positional,
  'io/data/hdf5/virtual.ts readTurned': positional,
  'io/data/hdf5/virtual.ts virtualReader': positional,
  'io/simulate/frames.ts addSpot': positional,
  'io/simulate/frames.ts maskOf': positional,
  'serial/indexing/kernels/webgpu/indexing.ts Runner': positional,
  'serial/merging/merged-lists.ts scaleOnto': positional,
  'serial/pipeline/chunk.ts writeReflections': positional,
  'serial/pipeline/detector-fit.ts fillPlaces': positional,
  'serial/pipeline/detector-fit.ts fitDetector': positional,
  'serial/pipeline/frame.ts indexSpots': positional,
  'serial/pipeline/integrate.ts integrate': positional,
  'serial/pipeline/integrate.ts integrateRows': positional,
  'serial/pipeline/integrate.ts measureRows': positional,
  'serial/pipeline/integrate.ts sumGood': positional,
  'serial/pipeline/predict.ts addNodes': positional,
};

interface Found {
  readonly long: string[];
  readonly wide: string[];
  readonly spread: string[];
}

/** What a source has too much of, as `file function` or `file:line`. */
function excesses(file: string, text: string): Found {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Found = { long: [], wide: [], spread: [] };
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const parent = node.parent as { readonly name?: Node };
      const name = `${file} ${node.name?.getText() ?? parent.name?.getText() ?? 'anonymous'}`;
      if (lineOf(node.end) - lineOf(node.getStart()) + 1 > mostLines) found.long.push(name);
      if (node.parameters.length > mostParameters) found.wide.push(name);
    }
    if (ts.isSpreadAssignment(node) && ts.isObjectLiteralExpression(node.expression))
      found.spread.push(`${file}:${lineOf(node.getStart())}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const all = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => excesses(file.replaceAll('\\', '/'), readFileSync(join('src', file), 'utf8')));
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

test(`functions have at most ${mostLines} lines`, () => {
  expect(sorted(all.flatMap((found) => found.long))).toEqual(sorted(Object.keys(long)));
});

test(`functions have at most ${mostParameters} parameters`, () => {
  expect(sorted(all.flatMap((found) => found.wide))).toEqual(sorted(Object.keys(wide)));
});

test('literals are written out where they stand', () => {
  expect(all.flatMap(({ spread }) => spread)).toEqual([]);
});

test('planted excesses are found', () => {
  const planted = [
    'const tall = () => {',
    ...Array.from({ length: mostLines - 1 }, (_, i) => `  use(${i});`),
    '};',
    'class Box { wide(a: A, b: B, c: C, d: D, e: E, f: F, g: G): void {} }',
    'const box = { ...{ a, b }, ...rest };',
    'const short = (a: A, b: B, c: C, d: D, e: E, f: F) => [',
    ...Array.from({ length: mostLines - 2 }, (_, i) => `  ${i},`),
    '];',
  ].join('\n');
  expect(excesses('planted.ts', planted)).toEqual({
    long: ['planted.ts tall'],
    wide: ['planted.ts wide'],
    spread: [`planted.ts:${mostLines + 3}`],
  });
});
