/**
 * FFTW as a second oracle: the table of transforms done by Debian's library, in double precision, through the native
 * backend.
 */
import { createContext, devices } from '../../dist/index.node.js';
import * as validate from '../../dist/validate.js';

type Row = (typeof validate.rows)[number];
type Context = Awaited<ReturnType<typeof createContext>>;

/** EWALD_REQUIRE asks for it. */
export const fftwRequired = (process.env.EWALD_REQUIRE ?? '').split(/[\s,]+/).includes('fftw');

/** Why FFTW is not here; undefined when it is. */
export async function fftwAbsent(): Promise<string | undefined> {
  const fftw = (await devices()).flatMap(({ engines }) => engines).find(({ engine }) => engine === 'fftw');
  return fftw?.available ? undefined : (fftw?.reason ?? 'the native backend, which loads engines, is not here');
}

const inDouble = new Map<string, Row>();
// Parts of axes are padded and cut on the host for it, which device arrays are not brought to.
for (const row of validate
  .selectRows(['fft'])
  .filter(({ id }: { id: string }) => !/:(inputShape|keep)=.*:arrays=/.test(id))) {
  const [twice] = validate.engineRows({ engine: 'fftw', tune: 'estimate', precision: 'f64' }, [row]);
  if (twice) inDouble.set(row.id, twice);
}

/** A context for `truth`, or undefined where FFTW is not here. */
export async function openFftw(): Promise<Context | undefined> {
  return (await fftwAbsent()) === undefined
    ? createContext({ backend: 'native', strict: true, log: { level: 'error' } })
    : undefined;
}

/** What FFTW makes of a row of the table of transforms, as the row's truth; undefined for other rows. */
export async function fftwTruth(context: Context, id: string): Promise<unknown> {
  const row = inDouble.get(id);
  if (!row) return undefined;
  const subject = await row.plan(context, new validate.Problem(row).input);
  try {
    const output = (await subject.run()) as { values?: Float64Array };
    return output.values ?? output;
  } finally {
    await subject.dispose();
  }
}
