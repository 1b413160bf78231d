/**
 * FFTW runs the rows of the transform table, except the long ones that tell nothing more about an engine, in the
 * precision of the row and in double, and is compared with the float64 oracle.
 *
 * In double precision both agree to the last digits on every row, so either can be the reference: the tables in Node
 * compare each backend with both (table.ts), those in a browser, where no library can be loaded, with the float64
 * oracle. Without the library every test is skipped as absent; EWALD_REQUIRE=fftw makes that a failure.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createContext } from '../../dist/index.node.js';
import * as validate from '../../dist/validate.js';
import { fftwAbsent, fftwRequired } from '../support/fftw.js';
import { everywhere, isInShare, isQuick } from './table.js';

let absent: string | undefined;
let native: Awaited<ReturnType<typeof validate.openCandidates>>[number] | undefined;

beforeAll(async () => {
  absent = await fftwAbsent();
  [native] = await validate.openCandidates({ createContext, backends: ['native'] });
});
afterAll(() => native?.context?.dispose());

/** The rows of emulated devices also cover the engine's own code paths. */
const isShort = (row: (typeof validate.rows)[number]): boolean =>
  isQuick(validate, 'cuda-emulated', { ...row, id: row.id.replace(/:engine=.*/, '') });

// Parts of axes are padded and cropped on the host for an engine, so rows with device arrays are excluded.
const table = validate
  .selectRows(['fft'])
  .filter(({ id }: { id: string }) => !/:(inputShape|keep)=.*:arrays=/.test(id))
  .filter((row) => {
    if (everywhere) return isInShare(validate, row.id);
    // A third of them, beside those of `npm test`.
    return isShort(row) || (isQuick(validate, 'native', row) && validate.seedOf(row.id) % 3 === 0);
  });
const measured = validate
  .selectRows(['fft:c2c', 'fft:r2c', 'fft:c2r', 'fft:real', 'fft:r2r'])
  .filter((row) => table.includes(row));
const rows = [
  // Plans are made with the default settings; large transforms and those with many plans are not measured.
  ...validate.engineRows({ engine: 'fftw' }, measured),
  ...validate.engineRows(
    { engine: 'fftw', tune: 'estimate' },
    table.filter((row) => !measured.includes(row)),
  ),
  // Rows that are already double are not run again, nor are the rows of lengths, whose bounds apply only to their own
  // precision.
  ...validate.engineRows(
    { engine: 'fftw', tune: 'estimate', precision: 'f64' },
    table.filter(({ id }: { id: string }) => !id.includes(':f64') && !id.startsWith('fft:lengths')),
  ),
];

describe('FFTW on native', () => {
  for (const row of rows) {
    test(row.id, { tags: isShort(row) ? [] : ['all'] }, async ({ skip }) => {
      if (absent !== undefined && fftwRequired) throw new Error(`EWALD_REQUIRE names fftw, but: ${absent}`);
      if (absent !== undefined || !native) return skip(`absent: ${absent}`);
      // FFTW supports everything else in the table, so any outcome other than a pass is a failure.
      const { outcome, why } = await validate.runRow(new validate.Problem(row), native);
      expect(outcome, `${row.id}: ${why}`).toBe('pass');
    });
  }
});

test('a second result that differs by more than the bound fails its row', async () => {
  if (!native) throw new Error('the native backend was not asked for');
  const problem = new validate.Problem(validate.selectRows(['fft:c2c:f32:n=30'])[0] as (typeof table)[number]);
  const off = (problem.expected as Float64Array).map((x) => x * (1 + 1e-5));
  problem.second = { name: 'somebody', value: off };
  const { outcome, why } = await validate.runRow(problem, native);
  expect([outcome, why]).toEqual(['fail', expect.stringContaining('l2 against somebody')]);
});
