/** Registers the case tables with vitest: one test a row and backend, by the id of the row. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { fftwAbsent, fftwRequired, fftwTruth, openFftw } from '../support/fftw.js';

type Validate = typeof import('../../src/validate/index.js');
type Result = import('../../src/validate/index.js').RowResult;
type Backend = Result['backend'];

/** Fails on `fail`; every outcome that is not `pass` is a skip with its reason, so that no skipped row reads as passed. */
function judge({ id, outcome, why }: Result, skip: (note?: string) => never): void {
  if (outcome === 'fail') throw new Error(`${id}: ${why}`);
  if (outcome !== 'pass') skip(`${outcome}: ${why}`);
}

/** Rows of every backend in `names`, run here; transforms against FFTW as well, where it is. */
export function describeHere(
  place: string,
  names: readonly Backend[],
  validate: Validate,
  createContext: Parameters<Validate['validate']>[0]['createContext'],
  require: string | undefined,
): void {
  for (const name of names) {
    describe(`${name} in ${place}`, () => {
      let fftw: Awaited<ReturnType<typeof openFftw>>;
      let candidate: Awaited<ReturnType<Validate['openCandidates']>>[number] | undefined;
      beforeAll(async () => {
        [candidate] = await validate.openCandidates({ createContext, backends: [name], ...(require === undefined ? {} : { require }) });
        fftw = await openFftw();
      });
      afterAll(async () => {
        await candidate?.context?.dispose();
        await fftw?.dispose();
      });
      test('FFTW is the second oracle of transforms', async ({ skip }) => {
        const absent = await fftwAbsent();
        if (absent !== undefined && fftwRequired) throw new Error(`EWALD_REQUIRE names fftw, but: ${absent}`);
        if (absent !== undefined) skip(`absent: ${absent}`);
      });
      for (const row of validate.rows) {
        test(row.id, { timeout: 180_000 }, async ({ skip }) => {
          if (!candidate) throw new Error('the backend was not opened');
          const problem = new validate.Problem(row);
          const value = fftw && candidate.context && (await fftwTruth(fftw, row.id));
          if (value) problem.second = { name: 'FFTW', value };
          judge(await validate.runRow(problem, candidate), skip);
        });
      }
    });
  }
}

/** Rows that ran somewhere else: `results` gives them by backend and id. */
export function describeElsewhere(place: string, names: readonly Backend[], rows: Validate['rows'], run: (name: Backend) => Promise<readonly Result[]>): void {
  for (const name of names) {
    describe(`${name} in ${place}`, () => {
      let results = new Map<string, Result>();
      beforeAll(async () => {
        results = new Map((await run(name)).map((result) => [result.id, result]));
      }, 600_000);
      for (const { id } of rows) {
        test(id, ({ skip }) => {
          const result = results.get(id);
          if (!result) throw new Error(`${id}: the ${place} gave no result`);
          judge(result, skip);
        });
      }
    });
  }
}
