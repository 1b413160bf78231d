/**
 * Flags that bear the name of a CrystFEL flag have its default and accept its values. The table holds the facts of the
 * manual of indexamajig 0.12: every flag, its default where it states one, and values that it describes as valid.
 */
import { expect, test } from 'vitest';
import { executorRows } from '../../src/cli/executor-rows.js';
import { indexRows } from '../../src/cli/frame-rows.js';
import { flagValues } from '../../src/cli/parameter-flags.js';
import { fromCrystfelFlags } from '../../src/options/crystfel-flags.js';
import { defaultText, flagOf } from '../../src/options/parameter-text.js';
import type { Parameter, Parameters } from '../../src/options/parameters.js';
import { searchRows } from '../../src/peaks/parameters.js';
import { tuned } from '../../src/pipeline/first-frames/tune.js';

/** Default and valid values, for each flag with a value; `null`: the manual states no default. */
const withValues: Readonly<Record<string, readonly [usual: string | null, ...valid: string[]]>> = {
  '--input': [null, 'files.lst', '-'],
  '--output': [null, 'a.stream'],
  '--geometry': [null, 'a.geom'],
  '--zmq-input': [null, 'tcp://127.0.0.1:5002'],
  '--zmq-subscribe': [null, 'ondaframedata'],
  '--zmq-request': [null, 'next'],
  '--no-data-timeout': ['60', '5'],
  '--data-format': [null],
  '--prefix': [null, '/data/'],
  '--jobs': ['1', '16'],
  '--highres': [null, '1.5', '0.8', '12'],
  '--temp-dir': [null],
  '--wait-for-file': ['0'],
  '--peaks': ['zaef', 'zaef', 'peakfinder8', 'cxi', 'hdf5', 'msgpack'],
  '--peak-radius': ['the values of --int-radius', '3,4,5'],
  '--min-peaks': ['0', '0', '15'],
  '--median-filter': ['0'],
  '--threshold': ['800', '-5', '0', '12.5', '1e6'],
  '--min-squared-gradient': ['100000', '0', '2.5', '1e9'],
  '--min-snr': ['5', '0', '4.5', '100'],
  '--min-snr-biggest-pix': ['7'],
  '--min-snr-peak-pix': ['6'],
  '--min-sig': ['11'],
  '--min-peak-over-neighbour': ['-infinity'],
  '--min-pix-count': ['2', '1', '20'],
  '--max-pix-count': ['200', '1', '100000'],
  '--local-bg-radius': ['3', '1', '12'],
  '--min-res': ['0', '0', '70'],
  '--max-res': ['1200', '1200', '85'],
  '--indexing': [null],
  '--spectrum-file': [null],
  '--tolerance': ['5,5,5,1.5,1.5,1.5', '10,10,10,3,3,3', '0.5,1,1.5,0.1,0.1,0.1'],
  '--mille-file': ['mille-data.bin', 'run7/mille.bin'],
  '--max-mille-level': ['99', '0', '9'],
  '--wavelength-estimate': [null],
  '--camera-length-estimate': [null],
  '--max-indexer-threads': ['1'],
  '--integration': ['rings-nocen'],
  '--fix-profile-radius': [null],
  '--fix-divergence': ['0'],
  '--int-radius': ['4,5,7', '2,3,5', '3.5,4.5,6'],
  '--push-res': ['infinity', 'infinity', 'inf', '-inf', '-2.5', '0', '1.8', '1000'],
  '--copy-header': [null, '/LCLS/laser/on', 'Exposure_time'],
  '--serial-offset': ['1'],
  '--harvest-file': [null],
  '--int-diag': ['none'],
};

/** Flags without a value. */
const switches = [
  '--basename',
  '--cpu-pin',
  '--profile',
  '--no-image-data',
  '--filter-noise',
  '--no-use-saturated',
  '--no-revalidate',
  '--no-half-pixel-shift',
  '--check-hdf5-snr',
  '--peakfinder8-fast',
  '--no-check-cell',
  '--no-check-peaks',
  '--no-check-prefix',
  '--no-mask-data',
  '--multi',
  '--no-retry',
  '--no-refine',
  '--mille',
  '--overpredict',
  '--cell-parameters-only',
  '--no-non-hits-in-stream',
  '--no-peaks-in-stream',
  '--no-refls-in-stream',
];

/** Defaults that differ on purpose; their rows give the reason. */
const differing = ['--peaks', '--max-res', '--int-radius', '--min-peaks', '--jobs'];

const rows = { ...indexRows, ...executorRows } as Parameters;
const named: ReadonlyMap<string, readonly [string, Parameter]> = new Map(
  Object.entries(rows).map(([name, row]) => [flagOf(name, row), [name, row]]),
);

/** The default as the manual writes it; for parameters that the command tunes, the default of the library's search. */
function written(name: string, row: Parameter): string | undefined {
  const tuned = row.defaultText?.includes('from the first frames') ? (searchRows as Parameters)[name] : undefined;
  return defaultText(tuned ?? row)
    ?.replace(/ \(.*$/, '')
    .replace('inf', 'infinity')
    .replace('1e5', '100000');
}

test.each(Object.entries(withValues))('%s has the default and the values of CrystFEL', (flag, [usual, ...valid]) => {
  const found = named.get(flag);
  if (!found) {
    expect(() => fromCrystfelFlags([`${flag}=1`], ['indexamajig'], false), flag).toThrow(flag);
    return;
  }
  const [name, row] = found;
  const { crystfel } = row;
  expect(crystfel?.program, `the program in the row of ${flag}`).toBe(
    usual === null ? crystfel?.program : 'indexamajig',
  );
  const same = usual === null || written(name, row) === (flag === '--peak-radius' ? '4,5,7' : usual);
  expect(differing.includes(flag), `${flag}: ${written(name, row)}; CrystFEL: ${usual}`).toBe(!same);
  // The row itself states the other default and the reason.
  expect(crystfel?.fallback?.toString(), `CrystFEL's default in the row of ${flag}`).toBe(same ? undefined : usual);
  if (!same) expect(crystfel?.differs, `the reason in the row of ${flag}`).toBeTypeOf('string');
  for (const text of valid) {
    const key = (row.flag ?? name).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const value = flagValues({ [name]: row }, { [key]: row.kind === 'texts' ? [text] : text });
    expect(Object.keys(value), `${flag}=${text}`).toEqual([name]);
  }
});

test.each(switches)('%s is a switch here too, or is refused by name', (flag) => {
  const row = named.get(flag)?.[1];
  if (row) expect(row.kind).toBe('boolean');
  else expect(() => fromCrystfelFlags([flag], ['indexamajig'], false)).toThrow(flag);
});

test('no other row claims to be a flag of indexamajig', () => {
  const claiming = [...named].flatMap(([flag, [, { crystfel }]]) =>
    crystfel?.program === 'indexamajig' ? [flag] : [],
  );
  expect(claiming.filter((flag) => withValues[flag] === undefined && !switches.includes(flag))).toEqual([]);
});

test('a search whose threshold is given has the defaults of CrystFEL for everything else', async () => {
  const unread = () => Promise.reject(new Error('no frame is needed'));
  const { peaks, intRadius } = await tuned(unread, { peaks: { threshold: 800 } }, () => expect.fail(), undefined);
  expect(peaks).toEqual({ threshold: 800, minSnr: 5, minPixCount: 2, maxPixCount: 200, localBgRadius: 3 });
  expect(intRadius).toEqual([4, 5, 7]);
});
