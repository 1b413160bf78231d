// @module-tag all: Chromium.
/** Errors and results that a worker of a page posts arrive as they do between threads of Node. */
import { expect, test } from 'vitest';
import { EwaldError, isEwaldError } from '../../dist/index.browser.js';

test('an error of a worker is restored from its clone and from its plain form', async () => {
  const code = `
    import { EwaldError } from ${JSON.stringify(new URL('../../dist/index.browser.js', import.meta.url).href)};
    const error = new EwaldError('File', 'no a.h5', { cause: new TypeError('inner'), detail: { path: 'a.h5' } });
    postMessage({ error, plain: error.toPlain() });`;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), { type: 'module' });
  const sent = await new Promise<{ error: Error; plain: unknown }>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  expect(sent.error.name).toBe('Error');
  for (const [one, detail] of [
    [sent.error, {}],
    [sent.plain, { path: 'a.h5' }],
  ]) {
    const error = EwaldError.from(one);
    expect(isEwaldError(error, 'File')).toBe(true);
    expect(error).toMatchObject({ message: 'no a.h5', detail });
    expect(error?.stack).toMatch(/^EwaldError \[File\]: no a\.h5/);
    expect(error?.cause).toBeInstanceOf(TypeError);
  }
});
