/**
 * FFTW, twice: as an engine every row of the table is given to, and as a second oracle, in double precision, for every backend's results.
 *
 * Where the library is not here every test is skipped as absent; EWALD_REQUIRE=fftw makes that a failure. Results from a browser are
 * not at hand here; for them holds that FFTW and the float64 oracle agree on every row to the bounds of double precision.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createContext, devices } from '../../dist/index.node.js';
import * as validate from '../../dist/validate.js';

type Row = (typeof validate.rows)[number];
type Candidate = Awaited<ReturnType<typeof validate.openCandidates>>[number];

const required = (process.env.EWALD_REQUIRE ?? '').split(/[\s,]+/).includes('fftw');
const ours = validate.selectRows(['fft']);
const inItsPrecision = validate.engineRows({ engine: 'fftw' });
const inDouble = validate.engineRows({ engine: 'fftw', tune: 'estimate', precision: 'f64' });
let absent: string | undefined;
let native: Candidate | undefined;

const open = async (backend: Candidate['backend']) => (await validate.openCandidates({ createContext, backends: [backend] }))[0];

beforeAll(async () => {
  const reports = (await devices()).flatMap(({ engines }) => engines);
  const fftw = reports.find(({ engine }) => engine === 'fftw');
  absent = fftw?.available ? undefined : (fftw?.reason ?? 'the native backend, which loads engines, is not here');
  native = await open('native');
});
afterAll(() => native?.context?.dispose());

/** The native candidate; without FFTW the test is skipped, or fails where it is required. */
function withFftw(skip: (note?: string) => never): Candidate {
  if (absent !== undefined && required) throw new Error(`EWALD_REQUIRE names fftw, but: ${absent}`);
  if (absent !== undefined || !native) return skip(`absent: ${absent}`);
  return native;
}

/** A row of FFTW has to pass: there is nothing in the table that it cannot do. */
async function passes(row: Row, candidate: Candidate): Promise<void> {
  const { outcome, why } = await validate.runRow(new validate.Problem(row), candidate);
  expect(outcome, `${row.id}: ${why}`).toBe('pass');
}

/** What FFTW makes of a row in double precision. */
async function second(row: Row, { context }: Candidate): Promise<Float64Array> {
  if (!context) throw new Error('the native backend is not open');
  const subject = await row.plan(context, new validate.Problem(row).input);
  const { values } = (await subject.run()) as { values: Float64Array };
  await subject.dispose();
  return values;
}

describe('FFTW on native, against the float64 oracle', () => {
  // Rows that are double already are run once.
  const double = inDouble.filter((_, i) => !ours[i]?.id.includes(':f64'));
  for (const row of [...inItsPrecision, ...double]) test(row.id, async ({ skip }) => passes(row, withFftw(skip)));
});

for (const backend of ['wasm', 'native', 'webgpu', 'cuda', 'cuda-emulated'] as const) {
  describe(`${backend} against FFTW in double precision`, () => {
    let candidate: Candidate | undefined;
    beforeAll(async () => {
      candidate = await open(backend);
    });
    afterAll(() => candidate?.context?.dispose());

    ours.forEach((row, i) => {
      test(row.id, { timeout: 180_000 }, async ({ skip }) => {
        const truth = await second(inDouble[i] as Row, withFftw(skip));
        if (!candidate) throw new Error('the backend was not opened');
        const { outcome, why } = await validate.runRow(new validate.Problem({ ...row, oracle: () => truth }), candidate);
        if (outcome === 'fail') throw new Error(`${row.id}: ${why}`);
        if (outcome !== 'pass') skip(`${outcome}: ${why}`);
      });
    });
  });
}
